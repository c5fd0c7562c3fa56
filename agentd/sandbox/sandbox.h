/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SIPWARDEN_SANDBOX_SANDBOX_H
#define SIPWARDEN_SANDBOX_SANDBOX_H

/*
 * What the processes take from themselves for good, once they have started: a
 * fault in them that an attacker can use shall lead nowhere. The same in the
 * foreground and under systemd:
 *
 *   no memory becomes executable   PR_SET_MDWE (Linux 6.3), seccomp
 *   only the system calls listed   seccomp (seccomp.c has the lists, and reasons)
 *   files, TCP ports, signals      Landlock (Linux 5.13; TCP 6.7, signals 6.12)
 *
 * What the kernel does not have is told in one warning, and done without: the
 * process would be safer with it, and is needed without it. No new privileges
 * must have been set (prctl(2)) before, and there is one thread.
 */

/*
 * The agent: reads whatever file permissions allow, since inputs and drop-ins of
 * the next reload can be anywhere; executes nothing; writes, makes and removes
 * regular files below the directories of writable, a list that ends with NULL,
 * and nowhere else. One that is not there is told and left out.
 */
void sandbox_agent(const char *const *writable);

/*
 * The helper: reads below the directories of readable, a list that ends with
 * NULL, and has no other file; opens no socket but one for its log.
 */
void sandbox_helper(const char *const *readable);

#endif
