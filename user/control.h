/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The control socket of a running instance: one request line in, JSON lines out, then it closes.
 * Clients, the request's length and the time a client may take are bounded.
 */
#ifndef HAYRAKE_CONTROL_H
#define HAYRAKE_CONTROL_H

#include <event2/event.h>

#include "query.h"

#define CONTROL_CLIENTS_MAX 8
#define CONTROL_TIMEOUT_S 10

struct control;

/*
 * Listens at path with mode 0660 and the named group (NULL: the process's). A socket that nobody
 * answers is replaced. query is borrowed. On failure -errno and one sentence in error; -EADDRINUSE
 * when another instance answers there. The process must ignore SIGPIPE.
 */
int control_open(struct control **out, struct event_base *base, const char *path,
		 const char *group, const struct query_source *query, char error[static 256]);
/* Closes all clients and removes the socket. */
void control_close(struct control *c);

#endif
