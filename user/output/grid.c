// SPDX-License-Identifier: GPL-2.0-or-later
#include "output/grid.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "output/escape.h"

#define GRID_GAP 2

struct grid {
	const struct grid_column *columns;
	size_t column_count;
	size_t widths[GRID_COLUMNS_MAX];
	char **cells; /* column_count a row, owned */
	size_t row_count;
	size_t row_max;
};

struct grid *grid_new(const struct grid_column *columns, size_t column_count)
{
	struct grid *g = calloc(1, sizeof(*g));

	assert(column_count && column_count <= GRID_COLUMNS_MAX);
	if (!g)
		return NULL;
	g->columns = columns;
	g->column_count = column_count;
	for (size_t c = 0; c < column_count; c++)
		g->widths[c] = strlen(columns[c].title);
	return g;
}

void grid_free(struct grid *g)
{
	if (!g)
		return;
	for (size_t i = 0; i < g->row_count * g->column_count; i++)
		free(g->cells[i]);
	free(g->cells);
	free(g);
}

static int grid_grow(struct grid *g)
{
	size_t wanted = g->row_max ? g->row_max * 2 : 16;
	char **cells;

	if (g->row_count < g->row_max)
		return 0;
	cells = realloc(g->cells, wanted * g->column_count * sizeof(*cells));
	if (!cells)
		return -ENOMEM;
	g->cells = cells;
	g->row_max = wanted;
	return 0;
}

int grid_add(struct grid *g, char cells[][GRID_CELL_MAX])
{
	char safe[GRID_CELL_MAX * ESCAPE_MAX];
	char **row;

	if (grid_grow(g))
		return -ENOMEM;
	row = &g->cells[g->row_count * g->column_count];
	for (size_t c = 0; c < g->column_count; c++) {
		size_t width;

		row[c] = strdup(escape_terminal(cells[c], safe, sizeof(safe)));
		if (!row[c]) {
			while (c--)
				free(row[c]);
			return -ENOMEM;
		}
		width = escape_width(row[c]);
		if (width > g->widths[c])
			g->widths[c] = width;
	}
	g->row_count++;
	return 0;
}

const char *grid_code(const struct grid_look *look, enum grid_style style)
{
	static const char *const codes[GRID_STYLE_COUNT] = {"\033[0m", "\033[1m", "\033[2m",
							    "\033[1;32m"};

	return look->colour ? codes[style] : "";
}

static void cell_print(const struct grid_column *column, size_t width, const char *text, bool last,
		       const struct grid_look *look)
{
	size_t used = escape_width(text);
	int pad = used < width ? (int)(width - used) : 0;
	bool styled = column->style != GRID_PLAIN;

	if (column->right)
		fprintf(look->out, "%*s", pad, "");
	fprintf(look->out, "%s%s%s", styled ? grid_code(look, column->style) : "", text,
		styled ? grid_code(look, GRID_PLAIN) : "");
	if (last)
		fputc('\n', look->out);
	else
		fprintf(look->out, "%*s", (column->right ? 0 : pad) + GRID_GAP, "");
}

static void titles_print(const struct grid_column *columns, size_t count, const size_t *widths,
			 const struct grid_look *look)
{
	fprintf(look->out, "%*s", (int)look->indent, "");
	for (size_t c = 0; c < count; c++) {
		struct grid_column column = columns[c];

		column.style = GRID_DIM;
		cell_print(&column, widths ? widths[c] : column.width, column.title,
			   c + 1 == count, look);
	}
}

void grid_print(const struct grid *g, const struct grid_look *look)
{
	titles_print(g->columns, g->column_count, g->widths, look);
	for (size_t r = 0; r < g->row_count; r++) {
		fprintf(look->out, "%*s", (int)look->indent, "");
		for (size_t c = 0; c < g->column_count; c++)
			cell_print(&g->columns[c], g->widths[c], g->cells[r * g->column_count + c],
				   c + 1 == g->column_count, look);
	}
}

void grid_print_titles(const struct grid_column *columns, size_t column_count,
		       const struct grid_look *look)
{
	titles_print(columns, column_count, NULL, look);
}

void grid_print_line(const struct grid_column *columns, size_t column_count,
		     char cells[][GRID_CELL_MAX], const struct grid_look *look)
{
	char safe[GRID_CELL_MAX * ESCAPE_MAX];

	fprintf(look->out, "%*s", (int)look->indent, "");
	for (size_t c = 0; c < column_count; c++)
		cell_print(&columns[c], columns[c].width,
			   escape_terminal(cells[c], safe, sizeof(safe)), c + 1 == column_count,
			   look);
}
