/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "audit_service.h"

#include <netinet/in.h>
#include <string.h>

#include "base/cleanup.h"

#define BOTH 0
/* Linux's own choice of ports, ip_local_port_range, as it is shipped. */
#define EPHEMERAL_FIRST 32768

/* Ports as registered with IANA, and as the programs' own configurations have them. */
static const struct {
	uint16_t port;
	int protocol;
	struct service service;
} ports[] = {
	{22, IPPROTO_TCP, {SERVICE_LOGIN, "SSH"}},
	{23, IPPROTO_TCP, {SERVICE_MANAGE, "telnet"}},
	{69, IPPROTO_UDP, {SERVICE_MANAGE, "TFTP, which gives phones their configuration, with passwords"}},
	{80, IPPROTO_TCP, {SERVICE_LOGIN, "a web server"}},
	{111, BOTH, {SERVICE_MANAGE, "the portmapper of NFS"}},
	{161, IPPROTO_UDP, {SERVICE_MANAGE, "SNMP"}},
	{389, IPPROTO_TCP, {SERVICE_MANAGE, "LDAP"}},
	{443, IPPROTO_TCP, {SERVICE_LOGIN, "a web server"}},
	{445, IPPROTO_TCP, {SERVICE_MANAGE, "file shares (SMB)"}},
	{1433, IPPROTO_TCP, {SERVICE_MANAGE, "a database (SQL Server)"}},
	{2049, IPPROTO_TCP, {SERVICE_MANAGE, "file shares (NFS)"}},
	{2223, IPPROTO_UDP, {SERVICE_MANAGE, "the control port of rtpengine (ng)"}},
	{2375, IPPROTO_TCP, {SERVICE_MANAGE, "Docker, without any password"}},
	{3306, IPPROTO_TCP, {SERVICE_MANAGE, "a database (MySQL, MariaDB)"}},
	{4569, IPPROTO_UDP, {SERVICE_SIP, "IAX2"}},
	{5038, IPPROTO_TCP, {SERVICE_MANAGE, "the management interface of Asterisk (AMI)"}},
	{5039, IPPROTO_TCP, {SERVICE_MANAGE, "the management interface of Asterisk (AMI, TLS)"}},
	{5060, BOTH, {SERVICE_SIP, "SIP"}},
	{5061, BOTH, {SERVICE_SIP, "SIP over TLS"}},
	{5080, BOTH, {SERVICE_SIP, "SIP"}},
	{5432, IPPROTO_TCP, {SERVICE_MANAGE, "a database (PostgreSQL)"}},
	{5900, IPPROTO_TCP, {SERVICE_MANAGE, "a screen (VNC)"}},
	{6379, IPPROTO_TCP, {SERVICE_MANAGE, "a database (Redis)"}},
	{7722, IPPROTO_UDP, {SERVICE_MANAGE, "the control port of rtpproxy"}},
	{8021, IPPROTO_TCP, {SERVICE_MANAGE, "the event socket of FreeSWITCH"}},
	{8080, IPPROTO_TCP, {SERVICE_LOGIN, "a web server"}},
	{8088, IPPROTO_TCP, {SERVICE_MANAGE, "HTTP of Asterisk (ARI, AMI, WebSocket)"}},
	{8089, IPPROTO_TCP, {SERVICE_MANAGE, "HTTPS of Asterisk (ARI, AMI, WebSocket)"}},
	{8443, IPPROTO_TCP, {SERVICE_LOGIN, "a web server"}},
	{9200, IPPROTO_TCP, {SERVICE_MANAGE, "a database (Elasticsearch)"}},
	{10000, IPPROTO_TCP, {SERVICE_MANAGE, "Webmin"}},
	{11211, BOTH, {SERVICE_MANAGE, "memcached"}},
	{22222, IPPROTO_UDP, {SERVICE_MANAGE, "the control port of rtpengine"}},
	{27017, IPPROTO_TCP, {SERVICE_MANAGE, "a database (MongoDB)"}},
};

/* By the beginning of a process's name, wherever it listens. */
static const struct {
	const char *process;
	int protocol;
	struct service service;
} processes[] = {
	{"sshd", BOTH, {SERVICE_LOGIN, "SSH"}},
	{"mysqld", BOTH, {SERVICE_MANAGE, "a database"}},
	{"mariadbd", BOTH, {SERVICE_MANAGE, "a database"}},
	{"postgres", BOTH, {SERVICE_MANAGE, "a database"}},
	{"redis-server", BOTH, {SERVICE_MANAGE, "a database"}},
	{"mongod", BOTH, {SERVICE_MANAGE, "a database"}},
	{"in.tftpd", BOTH, {SERVICE_MANAGE, "TFTP, which gives phones their configuration, with passwords"}},
	{"apache2", BOTH, {SERVICE_LOGIN, "a web server"}},
	{"nginx", BOTH, {SERVICE_LOGIN, "a web server"}},
	{"kamailio", BOTH, {SERVICE_SIP, "SIP, or a port of Kamailio for commands"}},
	{"opensips", BOTH, {SERVICE_SIP, "SIP, or a port of OpenSIPS for commands"}},
};

struct service service_of(const struct socket_at *s)
{
	size_t i;

	if (s->port != s->last_port)
		return (struct service){SERVICE_MEDIA, "media (RTP)"};
	for (i = 0; i < ELEMENTSOF(ports); i++)
		if (ports[i].port == s->port &&
		    (ports[i].protocol == BOTH || ports[i].protocol == s->protocol))
			return ports[i].service;
	for (i = 0; i < ELEMENTSOF(processes); i++)
		if (strncmp(s->process, processes[i].process, strlen(processes[i].process)) == 0)
			return processes[i].service;
	if (s->protocol == IPPROTO_UDP && s->port >= EPHEMERAL_FIRST)
		return (struct service){SERVICE_CLIENT, NULL};
	return (struct service){SERVICE_OTHER, NULL};
}
