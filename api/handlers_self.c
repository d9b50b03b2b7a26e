/* handlers_self.c - routes about the controller itself. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "api/routes.h"
#include "base/cleanup.h"

static void answer_word(struct exchange *exchange, int status, const char *word)
{
	answer_text(exchange, status, "text/plain; charset=utf-8", word, strlen(word));
}

void run_alive(struct exchange *exchange)
{
	answer_word(exchange, 200, "ok\n");
}

void run_ready(struct exchange *exchange)
{
	if (exchange->server->stops)
		answer_word(exchange, 503, "ending\n");
	else if (!keeping_ready(exchange->server))
		answer_word(exchange, 503, "looking at what runs\n");
	else
		answer_word(exchange, 200, "ready\n");
}

void run_metrics(struct exchange *exchange)
{
	metrics_answer(exchange);
}

void run_openapi(struct exchange *exchange)
{
	owned_json document = openapi_document();
	owned_memory char *line = json_line(document);
	if (line)
		answer_tagged(exchange, "application/json", line, strlen(line));
}

void run_version(struct exchange *exchange)
{
	json_t *document = json_object();
	json_put_text(document, "format_version", "1");
	json_put_text(document, "version", berth_version());
	answer_json(exchange, 200, document);
}

/* --- backup --------------------------------------------------------------------------------- */

/* It has no name any more while it is sent. */
static void send_file(struct exchange *exchange, const char *path)
{
	struct stat facts;
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0 || fstat(fd, &facts)) {
		problem(exchange, 500, NULL, "the backup cannot be read: %s", strerror(errno));
		release_fd(&fd);
		return;
	}
	answer_header(exchange, "Content-Disposition", "attachment; filename=\"berth-backup.db\"");
	answer_response(exchange, 200, "application/vnd.sqlite3",
			exchange->server->http.file((uint64_t)facts.st_size, fd));
}

/* It is done in one turn, beside everything else. */
void run_backup(struct exchange *exchange)
{
	struct berth_server *server = exchange->server;
	struct berth_error error = {0};
	owned_text path = {0};
	text_format(&path, "%s/.backup-%s", berth_state_directory(server->berth), server->run_id);
	struct berth_request request = {.size = sizeof request, .file = text_view(&path)};
	unlink(request.file);
	struct berth_operation *operation = berth_backup(server->berth, &request, NULL, &error);
	if (operation && berth_run(operation) == BERTH_OK)
		send_file(exchange, request.file);
	else
		problem(exchange, 500, operation ? berth_remedy(operation) : error.remedy, "%s",
			operation ? berth_message(operation) : error.text);
	unlink(request.file);
	berth_operation_free(operation);
}
