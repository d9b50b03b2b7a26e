/* json_write.h - JSON written straight into a text: for lists so long that as objects they would take ten
 * times the memory and the time. */
#ifndef BERTH_BASE_JSON_WRITE_H
#define BERTH_BASE_JSON_WRITE_H

#include "base/json.h"

/* Each writes the next member: of an object under its key, of a list with `key` NULL. */
void json_open(struct text *to, const char *key, char bracket); /* '{' or '[' */
void json_close(struct text *to, char bracket);                 /* '}' or ']' */
/* NULL becomes null, and what is no UTF-8 the sign for it. */
void json_write_text(struct text *to, const char *key, const char *text);
void json_write_number(struct text *to, const char *key, int64_t number);
void json_write_real(struct text *to, const char *key, double number); /* finite */
void json_write_flag(struct text *to, const char *key, bool flag);
void json_write_null(struct text *to, const char *key);
void json_write_value(struct text *to, const char *key, const json_t *value);
/* What is written already. */
void json_write_line(struct text *to, const char *key, const char *line, size_t size);
/* Part of a string: a piece of written JSON as it stands within one. */
void json_quote_line(struct text *to, const char *line, size_t size);

#endif
