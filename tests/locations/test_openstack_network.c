/* test_openstack_network.c - security groups and floating IPs at a Neutron that takes several of one
 * name, loses answers and refuses: what is wanted is there once, with exactly its rules, and what is to go is
 * gone. */
#include <stdio.h>
#include <string.h>

#include "locations/openstack/network.h"
#include "tests/locations/openstack_bench.h"

/* --- a Neutron ---------------------------------------------------------------------------------------------
 */

static json_t *kinds;                           /* "security-groups" and so on, each a list */
static unsigned made;                           /* of anything */
static unsigned changes, lose_from, lose_count; /* the answers of these changes are lost, the changes done */
static const char *refuse_path, *refuse_body;
static const char *refuse_method; /* NULL: POST */
static int refuse_status;
static unsigned refuse_times;

static json_t *all_of(const char *kind)
{
	return json_object_get(kinds, kind);
}

/* What a group shows of its rules lies with them. */
static void show_rules(void)
{
	size_t g, r;
	json_t *group, *rule;
	json_array_foreach (all_of("security-groups"), g, group) {
		json_t *rules = json_array();
		json_array_foreach (all_of("security-group-rules"), r, rule)
			if (!strcmp(json_text(rule, "security_group_id"), json_text(group, "id")))
				json_array_append(rules, rule);
		json_object_set_new(group, "security_group_rules", rules);
	}
}

static json_t *add(const char *kind, json_t *one)
{
	char id[32];
	snprintf(id, sizeof id, "%s-%u", kind, ++made);
	json_object_set_new(one, "id", json_string(id));
	json_object_set_new(one, "created_at",
			    json_sprintf("2026-11-21T00:%02u:%02uZ", made / 60, made % 60));
	if (!strcmp(kind, "ports"))
		json_object_set_new(one, "fixed_ips",
				    json_pack("[{s:o}]", "ip_address", json_sprintf("10.0.0.%u", made)));
	if (!strcmp(kind, "floatingips"))
		json_object_set_new(one, "floating_ip_address", json_sprintf("10.88.0.%u", made));
	json_array_append_new(all_of(kind), one);
	if (!strcmp(kind, "security-groups"))
		add("security-group-rules", json_pack("{s:s,s:s,s:s}", "security_group_id", id, "direction",
						      "egress", "ethertype", "IPv4"));
	return one;
}

static size_t place_of(const char *kind, const char *id)
{
	size_t i;
	json_t *one;
	json_array_foreach (all_of(kind), i, one)
		if (!strcmp(json_text(one, "id"), id))
			return i;
	return SIZE_MAX;
}

static void reply(struct http_answer *answer, int status, json_t *body)
{
	answer->sent = true;
	answer->status = status;
	if (body)
		json_add_line(&answer->body, body);
	json_decref(body);
}

static void refuse(struct http_answer *answer, int status, const char *type)
{
	reply(answer, status,
	      json_pack("{s:{s:s,s:s,s:s}}", "NeutronError", "type", type, "message", type, "detail", ""));
}

static void list(const char *kind, const char *query, struct http_answer *answer)
{
	json_t *found = json_array();
	const char *name = strstr(query, "&name=");
	size_t i;
	json_t *one;
	show_rules();
	json_array_foreach (all_of(kind), i, one)
		if (!name || !strcmp(json_text(one, "name"), name + strlen("&name=")))
			json_array_append(found, one);
	char member[32];
	snprintf(member, sizeof member, "%s", kind);
	for (char *c = member; *c; c++)
		*c = *c == '-' ? '_' : *c;
	reply(answer, 200, json_pack("{s:o}", member, found));
}

static bool is_in_use(const char *id)
{
	size_t i, g;
	json_t *port, *group;
	json_array_foreach (all_of("ports"), i, port)
		json_array_foreach (json_object_get(port, "security_groups"), g, group)
			if (!strcmp(json_string_value(group), id))
				return true;
	return false;
}

static void drop_rules_of(const char *id)
{
	for (size_t i = json_array_size(all_of("security-group-rules")); i-- > 0;) {
		const json_t *rule = json_array_get(all_of("security-group-rules"), i);
		const char *from = json_text(rule, "remote_group_id");
		if (!strcmp(json_text(rule, "security_group_id"), id) || (from && !strcmp(from, id)))
			json_array_remove(all_of("security-group-rules"), i);
	}
}

static const char *meanwhile; /* is what somebody writes into a group that is about to go */

/* Whether what was asked for was asked of another revision. */
static bool came_first(const struct http_request *request, json_t *one)
{
	long long wanted = 0;
	if (meanwhile && !strcmp(request->method, "DELETE")) {
		json_object_set_new(one, "description", json_string(meanwhile));
		json_object_set_new(one, "revision_number",
				    json_integer(json_number(one, "revision_number", 0) + 1));
		meanwhile = NULL;
	}
	for (size_t i = 0; request->headers[i]; i++)
		if (sscanf(request->headers[i], "If-Match: revision_number=%lld", &wanted) == 1)
			return json_number(one, "revision_number", 0) != wanted;
	return false;
}

static void change(const struct http_request *request, const char *kind, const char *id,
		   struct http_answer *answer)
{
	owned_json body = request->body_size ? json_loadb(request->body, request->body_size, 0, NULL) : NULL;
	json_t *wanted = body ? json_object_iter_value(json_object_iter(body)) : NULL;
	size_t at = *id ? place_of(kind, id) : SIZE_MAX;

	if (!strcmp(request->method, "POST")) {
		json_t *one = add(kind, json_copy(wanted));
		reply(answer, 201,
		      json_pack("{s:O}", strcmp(kind, "floatingips") ? "made" : "floatingip", one));
	} else if (at == SIZE_MAX) {
		refuse(answer, 404, "NotFound");
	} else if (came_first(request, json_array_get(all_of(kind), at))) {
		refuse(answer, 412, "RevisionNumberConstraintFailed");
	} else if (!strcmp(request->method, "PUT")) {
		json_object_update(json_array_get(all_of(kind), at), wanted);
		reply(answer, 200, json_object());
	} else if (!strcmp(kind, "security-groups") && is_in_use(id)) {
		refuse(answer, 409, "SecurityGroupInUse");
	} else {
		json_array_remove(all_of(kind), at);
		drop_rules_of(id);
		reply(answer, 204, NULL);
	}
}

static bool neutron(const struct http_request *request, struct http_answer *answer)
{
	char kind[32] = "", id[64] = "";
	if (sscanf(request->url, NEUTRON "/v2.0/%31[^/?]/%63[^?]", kind, id) < 1 || !all_of(kind))
		return false;
	if (refuse_times && strstr(request->url, refuse_path) &&
	    !strcmp(request->method, refuse_method ? refuse_method : "POST")) {
		refuse_times--;
		refuse(answer, refuse_status, refuse_body);
		return true;
	}
	if (!strcmp(request->method, "GET")) {
		list(kind, request->url, answer);
		return true;
	}
	bool lost = ++changes >= lose_from && changes < lose_from + lose_count;
	change(request, kind, id, answer);
	if (lost) {
		text_release(&answer->body);
		answer->status = 0;
		fail(&answer->error, ERR_UNREACHABLE, "the connection was closed");
	}
	return true;
}

static void begin(void)
{
	openstack_bench_begin();
	kinds = json_pack("{s:[],s:[],s:[],s:[],s:[]}", "security-groups", "security-group-rules", "ports",
			  "floatingips", "subnets");
	made = changes = lose_from = lose_count = refuse_times = 0;
	refuse_method = NULL;
	openstack_answers(neutron);
	openstack_openrc();
	cr_assert_eq(openstack_open("envvars", NULL), 0, "%s", openstack_error.text);
}

static void end(void)
{
	openstack_bench_end();
	json_decref(kinds);
}

TestSuite(openstack_network, .init = begin, .fini = end, .timeout = 60);

/* --- talks -------------------------------------------------------------------------------------------------
 */

static struct {
	enum progress (*ask)(struct talk *talk, talk_step *then, struct error *err);
	enum fence fence;
	const struct openings *openings;
	const char *port_id;
	bool fresh;
	char found[64]; /* the id of what came of it, or its address */
} wish;

static enum progress over(struct talk *talk, struct error *err)
{
	(void)talk;
	(void)err;
	return PROGRESS_DONE;
}

static enum progress ask_wish(struct talk *talk, struct error *err)
{
	return wish.ask(talk, over, err);
}

static enum progress first(struct talk *talk, struct error *err)
{
	talk->logged_in = ask_wish;
	return login_begin(talk, err);
}

static enum progress talks(struct errand *errand, void *owner)
{
	(void)owner;
	return talk_run(&openstack_here, errand, first, NULL, &openstack_error);
}

static enum progress run(void)
{
	openstack_error = (struct error){0};
	return openstack_go_on(talks, NULL);
}
#define DONE() cr_assert_eq(run(), PROGRESS_DONE, "%s", openstack_error.text)

static enum progress ask_fence(struct talk *talk, talk_step *then, struct error *err)
{
	return network_fence(talk, wish.fence, "shop", wish.openings, then, err);
}

static void fence(enum fence how, const struct openings *openings)
{
	wish.ask = ask_fence;
	wish.fence = how;
	wish.openings = openings;
}

static enum progress floating_told(struct talk *talk, struct error *err)
{
	const struct openstack_floating *one = network_floating_found(talk);
	(void)err;
	snprintf(wish.found, sizeof wish.found, "%s", one ? one->address : "none");
	return PROGRESS_DONE;
}

static enum progress ask_floating(struct talk *talk, talk_step *then, struct error *err)
{
	(void)then;
	return wish.port_id
		   ? network_floating(
			 talk, "shop",
			 &(struct openstack_floating_wish){
			     .server = "s1", .port_id = wish.port_id, .pool = "out", .fresh = wish.fresh},
			 floating_told, err)
		   : network_floating_gone(talk, "shop", "s1", floating_told, err);
}

/* --- what is there -----------------------------------------------------------------------------------------
 */

static const char *name_of_group(const char *id)
{
	size_t at = id ? place_of("security-groups", id) : SIZE_MAX;
	return at == SIZE_MAX ? NULL : json_text(json_array_get(all_of("security-groups"), at), "name");
}

/* "berth.shop.db tcp 6379 berth.shop.web" of each rule that lets in, in no order. */
static bool has_rule(const char *group, const char *protocol, int64_t port, const char *from)
{
	size_t i;
	json_t *rule;
	json_array_foreach (all_of("security-group-rules"), i, rule) {
		const char *by =
		    name_of_group(json_text(rule, "remote_group_id")) ?: json_text(rule, "remote_ip_prefix");
		const char *of = name_of_group(json_text(rule, "security_group_id"));
		if (!strcmp(json_text(rule, "direction"), "ingress") && of && by && !strcmp(of, group) &&
		    !strcmp(by, from) && !strcmp(json_text(rule, "protocol"), protocol) &&
		    json_number(rule, "port_range_min", 0) == port &&
		    json_number(rule, "port_range_max", 0) == port)
			return true;
	}
	return false;
}

static size_t count_ingress(void)
{
	size_t i, count = 0;
	json_t *rule;
	json_array_foreach (all_of("security-group-rules"), i, rule)
		count += !strcmp(json_text(rule, "direction"), "ingress");
	return count;
}

static size_t count(const char *kind)
{
	return json_array_size(all_of(kind));
}

static const char *const both[] = {"db", "web"};
static const struct opening some[] = {
    {.component = "db", .port = 6379, .from = "web", .consumer = "web"},
    {.component = "db", .port = 6379, .address = "10.1.2.3", .consumer = "far"},
    {.component = "web", .port = 80},
};
static const struct openings wanted = {both, 2, some, 3};

static void check_wanted(void)
{
	cr_expect_eq(count("security-groups"), 3);
	cr_expect_eq(count_ingress(), 4);
	cr_expect(has_rule("berth.shop", "tcp", 22, "0.0.0.0/0"));
	cr_expect(has_rule("berth.shop.db", "tcp", 6379, "berth.shop.web"));
	cr_expect(has_rule("berth.shop.db", "tcp", 6379, "10.1.2.3/32"));
	cr_expect(has_rule("berth.shop.web", "tcp", 80, "0.0.0.0/0"));
}

Test(openstack_network, an_application_has_its_groups_with_exactly_their_rules)
{
	fence(FENCE_ALL, &wanted);
	DONE();
	check_wanted();
	unsigned before = changes;
	DONE();
	cr_expect_eq(changes, before, "a second time nothing is asked for");
}

static const char *description_of(const char *name)
{
	size_t i;
	json_t *group;
	json_array_foreach (all_of("security-groups"), i, group)
		if (!strcmp(json_text(group, "name"), name))
			return json_text(group, "description");
	return "";
}

Test(openstack_network, a_group_tells_whom_it_lets_in)
{
	static const struct opening later[] = {{.component = "db", .port = 6379, .from = "web"}};
	static const struct openings fewer = {both, 2, later, 1};

	fence(FENCE_ALL, &wanted);
	DONE();
	cr_expect_str_eq(description_of("berth.shop"), "berth");
	cr_expect_str_eq(description_of("berth.shop.db"), "berth: 6379/tcp from web, 6379/tcp from 10.1.2.3");
	cr_expect_str_eq(description_of("berth.shop.web"), "berth: 80/tcp from *");
	fence(FENCE_ALL, &fewer);
	DONE();
	cr_expect_str_eq(description_of("berth.shop.db"), "berth: 6379/tcp from web");
	cr_expect_str_eq(description_of("berth.shop.web"), "berth: nobody");
}

Test(openstack_network, whatever_answer_is_lost_each_is_there_once)
{
	for (unsigned lost = 1; lost <= 7; lost++) {
		end();
		begin();
		lose_from = lost;
		lose_count = 2;
		fence(FENCE_ALL, &wanted);
		DONE();
		check_wanted();
	}
}

Test(openstack_network, a_rule_that_nobody_needs_any_more_goes_and_so_does_what_somebody_added)
{
	fence(FENCE_ALL, &wanted);
	DONE();
	const struct openings fewer = {both, 2, some, 1};
	const char *db = json_text(json_array_get(all_of("security-groups"), 1), "id");
	add("security-group-rules",
	    json_pack("{s:s,s:s,s:s,s:s,s:i,s:i}", "security_group_id", db, "direction", "ingress",
		      "ethertype", "IPv4", "protocol", "tcp", "port_range_min", 1, "port_range_max", 65535));
	fence(FENCE_ALL, &fewer);
	DONE();
	cr_expect_eq(count_ingress(), 2);
	cr_expect(has_rule("berth.shop.db", "tcp", 6379, "berth.shop.web"));
	cr_expect_eq(count("security-groups"), 3);
}

Test(openstack_network, ssh_is_open_to_those_networks_alone)
{
	openstack_driver.close(&openstack_here);
	cr_assert_eq(
	    openstack_open("envvars", "{\"sshFrom\":[\"192.0.2.7/24\",\"198.51.100.4\",\"fd00::/8\"]}"), 0,
	    "%s", openstack_error.text);
	fence(FENCE_ALL, &wanted);
	DONE();
	cr_expect(has_rule("berth.shop", "tcp", 22, "192.0.2.0/24"));
	cr_expect(has_rule("berth.shop", "tcp", 22, "198.51.100.4/32"));
	cr_expect(has_rule("berth.shop", "tcp", 22, "fd00::/8"));
	cr_expect_eq(count_ingress(), 6);
	unsigned before = changes;
	DONE();
	cr_expect_eq(changes, before, "a second time nothing is asked for");
	openstack_driver.close(&openstack_here);
	cr_assert_eq(openstack_open("envvars", NULL), 0);
	DONE();
	check_wanted();
}

/* Rules are of IPv4 or of IPv6. */
Test(openstack_network, where_there_is_ipv6_it_is_let_in_alike)
{
	add("subnets", json_pack("{s:s}", "name", "six"));
	fence(FENCE_ALL, &wanted);
	DONE();
	cr_expect_eq(count_ingress(), 7, "all but that of an address");
	cr_expect(has_rule("berth.shop", "tcp", 22, "0.0.0.0/0"));
	cr_expect(has_rule("berth.shop", "tcp", 22, "::/0"));
	cr_expect(has_rule("berth.shop.web", "tcp", 80, "::/0"));
	/* A page that holds one is followed by as many as there are. */
	cr_expect(strstr(text_view(&openstack_asked), "subnets?ip_version=6&fields=id\n"), "%s",
		  text_view(&openstack_asked));
	unsigned before = changes;
	DONE();
	cr_expect_eq(changes, before, "a second time nothing is asked for");
}

Test(openstack_network, who_may_not_ask_for_subnets_has_no_ipv6_but_who_asks_too_often_does_not_know)
{
	refuse_path = "/subnets";
	refuse_method = "GET";
	refuse_body = "Forbidden";
	refuse_status = 403;
	refuse_times = 100;
	fence(FENCE_ALL, &wanted);
	DONE();
	check_wanted();

	openstack_driver.close(&openstack_here);
	cr_assert_eq(openstack_open("envvars", NULL), 0);
	refuse_status = 429;
	refuse_times = 100;
	fence(FENCE_ALL, &wanted);
	cr_expect_eq(run(), PROGRESS_FAILED, "what is not known is asked for again the next time");
}

Test(openstack_network, the_group_of_a_component_that_left_goes_unless_it_is_in_use)
{
	static const char *const alone[] = {"web"};
	const struct openings left = {alone, 1, &some[2], 1};
	fence(FENCE_ALL, &wanted);
	DONE();
	const char *db = json_text(json_array_get(all_of("security-groups"), 1), "id");
	add("ports", json_pack("{s:s,s:[s]}", "name", "somebody's", "security_groups", db));
	fence(FENCE_ALL, &left);
	DONE();
	cr_expect_eq(count("security-groups"), 3, "its port is there still");
	json_array_clear(all_of("ports"));
	DONE();
	cr_expect_eq(count("security-groups"), 2);
	cr_expect_eq(count_ingress(), 2);
}

Test(openstack_network, of_two_of_one_name_the_older_counts_and_the_younger_goes)
{
	add("security-groups", json_pack("{s:s,s:s}", "name", "berth.shop.db", "description", "berth"));
	add("security-groups", json_pack("{s:s,s:s}", "name", "berth.shop.db", "description", "berth"));
	fence(FENCE_ALL, &wanted);
	DONE();
	check_wanted();
	cr_expect_neq(place_of("security-groups", "security-groups-1"), SIZE_MAX);
	cr_expect_eq(place_of("security-groups", "security-groups-3"), SIZE_MAX);
}

Test(openstack_network, a_group_that_somebody_else_made_is_never_touched)
{
	add("security-groups", json_pack("{s:s,s:s}", "name", "berth.shop.db", "description", "mine"));
	fence(FENCE_ALL, &wanted);
	cr_assert_eq(run(), PROGRESS_FAILED);
	cr_expect_eq(openstack_error.code, ERR_CONFLICT);
	cr_expect(strstr(openstack_error.text, "the security group `berth.shop.db`"), "%s",
		  openstack_error.text);
	cr_expect_eq(changes, 0);
	fence(FENCE_GONE, NULL);
	DONE();
	cr_expect_eq(count("security-groups"), 1);
}

Test(openstack_network, groups_of_whoever_claims_the_application_meanwhile_stay)
{
	static const char theirs[] = "berth [\"other\",\"somebody\",\"\",\"\",\"\",0]";
	json_t *own = add("security-groups", json_pack("{s:s,s:s,s:i}", "name", "berth.shop", "description",
						       "berth", "revision_number", 3));
	fence(FENCE_GONE, NULL);
	meanwhile = theirs;
	DONE();
	cr_expect_eq(count("security-groups"), 1);
	cr_expect_str_eq(json_text(own, "description"), theirs);
	add("security-groups", json_pack("{s:s,s:s}", "name", "berth.shop.db", "description", "berth"));
	changes = 0;
	DONE();
	cr_expect_eq(changes, 0);
	cr_expect_eq(count("security-groups"), 2);
}

Test(openstack_network, those_of_another_application_stay_whatever_it_is_called)
{
	add("security-groups", json_pack("{s:s,s:s}", "name", "berth.shopping", "description", "berth"));
	add("security-groups", json_pack("{s:s,s:s}", "name", "default", "description", ""));
	fence(FENCE_ALL, &wanted);
	DONE();
	fence(FENCE_GONE, NULL);
	DONE();
	cr_expect_eq(count("security-groups"), 2);
	cr_expect_eq(count_ingress(), 0);
}

Test(openstack_network, what_is_to_go_waits_for_what_is_in_its_way)
{
	fence(FENCE_ALL, &wanted);
	DONE();
	add("ports", json_pack("{s:s,s:[s]}", "name", "somebody's", "security_groups",
			       json_text(json_array_get(all_of("security-groups"), 1), "id")));
	fence(FENCE_GONE, NULL);
	cr_assert_eq(run(), PROGRESS_FAILED);
	cr_expect(strstr(openstack_error.text, "cannot remove the security group `berth.shop."), "%s",
		  openstack_error.text);
	cr_expect(strstr(openstack_error.text, "SecurityGroupInUse"), "%s", openstack_error.text);
	json_array_clear(all_of("ports"));
	DONE();
	cr_expect_eq(count("security-groups"), 0);
}

Test(openstack_network, its_own_group_alone_is_made_for_a_claim)
{
	fence(FENCE_OWN, NULL);
	DONE();
	cr_expect_eq(count("security-groups"), 1);
	cr_expect(has_rule("berth.shop", "tcp", 22, "0.0.0.0/0"));
	fence(FENCE_LOOK, NULL);
	unsigned before = changes;
	DONE();
	cr_expect_eq(changes, before);
}

Test(openstack_network, a_quota_that_is_used_up_is_told_in_neutrons_words)
{
	refuse_path = "/security-group-rules";
	refuse_status = 409;
	refuse_body = "OverQuota";
	refuse_times = 100;
	fence(FENCE_ALL, &wanted);
	cr_assert_eq(run(), PROGRESS_FAILED);
	cr_expect(strstr(openstack_error.text, "cannot change the rules of the security group `berth.shop"),
		  "%s", openstack_error.text);
	cr_expect(strstr(openstack_error.text, "OverQuota"), "%s", openstack_error.text);
}

Test(openstack_network, what_is_refused_for_now_is_asked_for_again)
{
	refuse_path = "/security-groups";
	refuse_status = 503;
	refuse_body = "ServiceUnavailable";
	refuse_times = 2;
	fence(FENCE_ALL, &wanted);
	DONE();
	check_wanted();
}

/* --- floating IPs
 * -------------------------------------------------------------------------------------------
 */

Test(openstack_network, a_floating_ip_is_taken_attached_and_released_once)
{
	wish.ask = ask_floating;
	wish.port_id = "port-1";
	lose_from = 1;
	lose_count = 1;
	DONE();
	cr_expect_eq(count("floatingips"), 1);
	cr_expect_str_eq(wish.found, "10.88.0.1");
	cr_expect_str_eq(json_text(json_array_get(all_of("floatingips"), 0), "port_id"), "port-1");
	wish.port_id = "port-2";
	DONE();
	cr_expect_eq(count("floatingips"), 1, "the same follows to another port");
	cr_expect_str_eq(json_text(json_array_get(all_of("floatingips"), 0), "port_id"), "port-2");
	add("floatingips", json_pack("{s:s}", "description", "somebody's"));
	wish.port_id = NULL;
	DONE();
	cr_expect_eq(count("floatingips"), 1);
}

Test(openstack_network, a_floating_ip_of_somebody_else_that_leads_nowhere_is_left_to_him)
{
	json_t *theirs = add("floatingips", json_pack("{s:s}", "description", "somebody's"));
	wish.ask = ask_floating;
	wish.port_id = "port-1";
	DONE();
	cr_expect_eq(count("floatingips"), 2);
	cr_expect_null(json_text(theirs, "port_id"));
	wish.port_id = NULL;
	DONE();
	cr_expect_eq(count("floatingips"), 1);
	cr_expect_eq(json_array_get(all_of("floatingips"), 0), theirs);
}

/* What was asked for first, and got no answer, is looked for before anything else is asked. */
Test(openstack_network, one_for_a_new_server_is_taken_unlooked_and_once)
{
	wish.ask = ask_floating;
	wish.port_id = "port-1";
	wish.fresh = true;
	lose_from = 1;
	lose_count = 1;
	DONE();
	cr_expect_eq(count("floatingips"), 1);
	cr_expect_eq(changes, 1);
	cr_expect_str_eq(wish.found, "10.88.0.1");
	json_array_clear(all_of("floatingips"));
	lose_count = 0;
	DONE();
	cr_expect_eq(count("floatingips"), 1);
	cr_expect_eq(changes, 2);
}

/* --- rules: pure -------------------------------------------------------------------------------------------
 */

Test(openstack_network, who_is_let_in_by_everybody_s_rule_needs_none_of_his_own)
{
	static const struct opening openings[] = {
	    {.component = "db", .port = 53, .protocol = UDP, .from = "web"},
	    {.component = "db", .port = 53, .protocol = UDP},
	    {.component = "db", .port = 53, .protocol = TCP, .address = "fd00::1"},
	    {.component = "web", .port = 53},
	};
	const struct openings all = {both, 2, openings, 4};
	const struct openstack_group groups[] = {{.id = "g", .name = "berth.shop.web"}};
	const struct openstack_rule *rules;
	owned_arena arena = {0};
	size_t rule_count;
	const struct openstack_doors doors = {
	    .app = "shop", .openings = &all, .groups = groups, .group_count = 1};
	cr_assert_eq(openstack_rules_wanted(&arena, &doors, "db", &rules, &rule_count), 0);
	cr_assert_eq(rule_count, 2);
	cr_expect_str_eq(rules[0].protocol, "udp");
	cr_expect_str_eq(rules[0].prefix, "0.0.0.0/0");
	cr_expect_str_eq(rules[1].prefix, "fd00::1/128");
	cr_expect_str_eq(rules[1].ethertype, "IPv6");
}
