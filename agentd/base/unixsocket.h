/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SIPWARDEN_BASE_UNIXSOCKET_H
#define SIPWARDEN_BASE_UNIXSOCKET_H

#include <stddef.h>
#include <sys/types.h>

/*
 * Sockets in the file system (unix(7)); type is SOCK_STREAM or SOCK_SEQPACKET.
 * Both return a close-on-exec descriptor or negative errno; -ENAMETOOLONG for a
 * path that does not fit a socket address.
 */
int unixsocket_connect(const char *path, int type);

/*
 * Listens at path, where anybody may connect: who is there is asked of the
 * kernel (SO_PEERCRED), so that who is refused can be told so. A socket file that
 * nobody listens on is replaced; one that answers is somebody else's
 * (-EADDRINUSE), and what is no socket is left alone (-EEXIST).
 */
int unixsocket_listen(const char *path, int type);

/* A packet with a descriptor, which stays ours, too. 0 or negative errno. */
int unixsocket_send_fd(int fd, const void *data, size_t len, int passed);
/*
 * The next packet, if one is there. *passed is the descriptor that came with it,
 * close-on-exec and the caller's, or -1; of several, one. Returns its length, or negative errno.
 */
ssize_t unixsocket_receive(int fd, void *data, size_t size, int *passed);

#endif
