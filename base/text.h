/* text.h - a string that grows; once memory fails it stays empty and says so at the end. */
#ifndef BERTH_BASE_TEXT_H
#define BERTH_BASE_TEXT_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Zero-initialised is ready for use. `data` is NUL-terminated whenever it is not NULL. */
struct text {
	char *data;
	size_t length, capacity;
	bool failed; /* some append found no memory: what is here is not to be used */
	bool secret; /* set by its owner before the first append: memory is overwritten before it is given
			back */
};

void text_add(struct text *text, const char *string);
/* Room for `size` bytes in all, so that one that gets long does not move again and again. */
void text_reserve(struct text *text, size_t size);
void text_add_bytes(struct text *text, const void *bytes, size_t count);
void text_add_char(struct text *text, char c);
void text_format(struct text *text, const char *format, ...) __attribute__((format(printf, 2, 3)));
void text_vformat(struct text *text, const char *format, va_list arguments)
    __attribute__((format(printf, 2, 0)));
void text_clear(struct text *text);   /* empty, memory kept */
void text_release(struct text *text); /* memory given back; may be used again, `secret` as before */
/* The string for the caller to free, or NULL when memory failed at any time. Never NULL for merely empty. */
char *text_take(struct text *text);
/* What was written so far, "" when nothing or when memory failed. */
const char *text_view(const struct text *text);

#define owned_text owned_by(text_release) struct text /* owned_text line = {0}; */

/* A whole decimal number between low and high and nothing else; false otherwise. */
bool parse_number(const char *text, int64_t low, int64_t high, int64_t *ret_number);
/* The closest of `candidates` to what somebody wrote, for "did you mean"; NULL when none is close. */
const char *closest(const char *written, const char *const *candidates, size_t count);
bool starts_with(const char *text, const char *prefix);
bool ends_with(const char *text, const char *suffix);
/* The length of the UTF-8 character that begins here; 0 when none does, or not a whole one. */
size_t utf8_length(const char *text);
/* Whether control characters make this unfit for a terminal or a header. */
bool printable(const char *text);
/* Whether a key's name tells that its value is not for everybody's eyes: DB_PASSWORD, api.token,
 * clientSecret. */
bool sensitive_name(const char *name);
/* Append `bytes` fit for a terminal: control characters but tab and newline become \xNN. */
void text_add_printable(struct text *text, const char *bytes, size_t count);
/* Append a word as a shell reads it back, between quotes. */
void text_add_quoted(struct text *text, const char *word);
/* The same of a path for people to copy: with quotes only where it needs them, and "~/" stays the home. */
void text_add_path(struct text *text, const char *path);

#endif
