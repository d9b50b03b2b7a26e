/* known_hosts.h - what known_hosts files say of a machine's host key. */
#ifndef BERTH_BASE_KNOWN_HOSTS_H
#define BERTH_BASE_KNOWN_HOSTS_H

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "base/text.h"

/* A later one overrules those before it. */
enum host_key_verdict {
	HOST_KEY_UNKNOWN,
	HOST_KEY_OTHER,   /* only keys of other types are known */
	HOST_KEY_CHANGED, /* another key of its type is known */
	HOST_KEY_KNOWN,
	HOST_KEY_REVOKED, /* it must not be trusted, whatever else is said */
};

struct host_key_question {
	const char *name;
	uint16_t port;
	const void *key; /* as the machine shows it (RFC 4253, 6.6); NULL: only which types are known */
	size_t key_size;
};

enum { HOST_KEY_TYPES = 8 };

/* Zero-initialised before the first file. */
struct host_key_finding {
	enum host_key_verdict verdict;
	size_t file, line; /* of the entry that decided: which file, counted from 0, and its line from 1 */
	char type[64];     /* of that entry's key */
	bool authority; /* a certificate authority is named that vouches for it: `file`, `line` if unknown */
	char types[HOST_KEY_TYPES][64]; /* of the keys known, without the revoked ones */
	size_t type_count;
};

/* Look through the text of one more file. */
void known_hosts_look(const struct host_key_question *question, size_t file, const char *text, size_t size,
		      struct host_key_finding *finding);

/* Of such files, and of ssh's configuration: '*' and '?', whatever the case of letters. */
bool host_pattern_matches(const char *pattern, size_t length, const char *name);
/* How such files name a machine: "host", "[host]:2222". */
void known_hosts_name(struct text *to, const char *name, uint16_t port);
/* The type of a key, out of the key itself; "" when it is none. */
void host_key_type(const void *key, size_t size, char ret_type[static 64]);
/* As ssh-keygen shows it: "SHA256:...". */
void host_key_fingerprint(const void *key, size_t size, struct text *to);
/* Of one that is written in full: "ssh-ed25519 AAAA..."; false for a fingerprint. */
bool host_key_decode(const char *pin, struct text *ret_key);
/* What `peer` shows is none of those that it must have. Gives -1. */
int host_key_refuse(const char *peer, const char *const *pins, const void *key, size_t size,
		    struct error *err);

#endif
