/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Aligned columns of text. */
#ifndef HAYRAKE_GRID_H
#define HAYRAKE_GRID_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#define GRID_COLUMNS_MAX 12
#define GRID_CELL_MAX 512

enum grid_style { GRID_PLAIN, GRID_BOLD, GRID_DIM, GRID_GOOD, GRID_STYLE_COUNT };

struct grid_column {
	const char *title;
	size_t width; /* at least */
	bool right;   /* aligned to the right */
	enum grid_style style;
};

/* How a grid is printed. */
struct grid_look {
	FILE *out;
	size_t indent;
	bool colour;
};

struct grid;

/* columns is borrowed. NULL without memory. */
struct grid *grid_new(const struct grid_column *columns, size_t column_count);
void grid_free(struct grid *g);
/* cells[column_count]; escaped for the terminal here. 0 or -ENOMEM. */
int grid_add(struct grid *g, char cells[][GRID_CELL_MAX]);
/* The titles and all rows. */
void grid_print(const struct grid *g, const struct grid_look *look);

/* One line at once, in columns as wide as their widths say. */
void grid_print_titles(const struct grid_column *columns, size_t column_count,
		       const struct grid_look *look);
void grid_print_line(const struct grid_column *columns, size_t column_count,
		     char cells[][GRID_CELL_MAX], const struct grid_look *look);

/* The terminal's code for a style, "" when there is no colour; GRID_PLAIN ends any. */
const char *grid_code(const struct grid_look *look, enum grid_style style);

#endif
