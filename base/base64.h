/* base64.h - bytes as text of 64 letters, in the two alphabets there are. */
#ifndef BERTH_BASE_BASE64_H
#define BERTH_BASE_BASE64_H

#include "base/text.h"

/* At the end of a text, in the alphabet for URLs and with padding. */
void base64url_add(struct text *to, const void *bytes, size_t size);
void base64_add(struct text *to, const void *bytes, size_t size); /* in the plain one */
/* The bytes of the plain alphabet with padding, line ends skipped, at the end of a text; false when it is
 * none. */
bool base64_decode(const char *text, struct text *ret);

#endif
