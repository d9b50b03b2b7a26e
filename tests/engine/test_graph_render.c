/* test_graph_render.c - drawings of blueprints: dot and Mermaid letter by letter, SVG by its shape. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "engine/graph.h"

static const char *nothing_set(void *context, const char *name)
{
	(void)context;
	(void)name;
	return NULL;
}

/* The drawing of a blueprint's text, for the caller to free. */
static char *draw(const char *yaml, void (*render)(struct graph *, struct text *))
{
	struct diagnostics list = {0};
	struct blueprint_options options = {
	    .file = "x.yaml", .directory = "/tmp", .environment = nothing_set};
	struct blueprint *blueprint = blueprint_parse(yaml, strlen(yaml), &options, &list);
	cr_assert_not_null(blueprint, "%s", list.first ? list.first->summary : "no memory");
	struct application *application = application_new(blueprint);
	cr_assert_not_null(application);
	struct graph graph;
	struct text drawing = {0};
	cr_assert_eq(graph_gather(application, &graph), 0);
	render(&graph, &drawing);
	cr_assert_not(drawing.failed);
	graph_release(&graph);
	application_free(application);
	blueprint_release(blueprint);
	diagnostics_release(&list);
	return text_take(&drawing);
}

static const char talk[] = "id: my-application\n"
			   "location: my-docker-cloud\n"
			   "services:\n"
			   "- type: docker:redis:3\n"
			   "  id: redis\n"
			   "  openPorts: 6379\n"
			   "- type: docker:clockercentral/dnmonster:1.0\n"
			   "  id: dnmonster\n"
			   "  openPorts: 8080\n"
			   "- type: docker:clockercentral/identidock:1.3\n"
			   "  id: identidock\n"
			   "  portBindings: {80: 9090}\n"
			   "  links: [$brooklyn:component(\"redis\"), $brooklyn:component(\"dnmonster\")]\n";

/* Every kind of line, several locations, an external component, several instances, words that need care. */
static const char mixed[] =
    "id: mixed\n"
    "services:\n"
    "- {type: external, id: db, address: db.example.org, ports: 5432}\n"
    "- {type: process, id: cache, location: localhost, ports: {main: auto}, command: x}\n"
    "- type: docker:web:1\n"
    "  id: web\n"
    "  location: docker:tcp://10.0.0.5:2376\n"
    "  instances: 3\n"
    "  openPorts: [80, \"53/udp\"]\n"
    "  links: {d: $berth:component(\"db\"), c: $berth:component(\"cache\")}\n"
    "- type: docker:front:1\n"
    "  id: front\n"
    "  location: docker\n"
    "  env:\n"
    "    A: $berth:endpoint(\"web\", 80)\n"
    "    B: $berth:endpoint(\"web\", 80)\n"
    "    C: $berth:address(\"db\")\n"
    "  dependsOn: {cache: started}\n";

Test(graph_render, dot_of_the_talks_blueprint)
{
	owned_memory char *drawing = draw(talk, graph_dot);
	cr_expect_str_eq(
	    drawing,
	    "digraph \"my-application\" {\n"
	    "\trankdir=LR;\n"
	    "\tnode [shape=box, style=rounded, fontname=\"sans-serif\"];\n"
	    "\tedge [fontname=\"sans-serif\", fontsize=10];\n"
	    "\t\"redis\" [label=\"redis\\ndocker:redis:3\\nmy-docker-cloud\"];\n"
	    "\t\"dnmonster\" [label=\"dnmonster\\ndocker:clockercentral/dnmonster:1.0\\nmy-docker-cloud\"];\n"
	    "\t\"identidock\" "
	    "[label=\"identidock\\ndocker:clockercentral/identidock:1.3\\nmy-docker-cloud\"];\n"
	    "\t\"identidock\" -> \"redis\" [style=solid, label=\"redis:6379\"];\n"
	    "\t\"identidock\" -> \"dnmonster\" [style=solid, label=\"dnmonster:8080\"];\n"
	    "}\n");
}

Test(graph_render, mermaid_of_the_talks_blueprint)
{
	owned_memory char *drawing = draw(talk, graph_mermaid);
	cr_expect_str_eq(drawing,
			 "flowchart LR\n"
			 "\tn0[\"redis<br/>docker:redis:3<br/>my-docker-cloud\"]\n"
			 "\tn1[\"dnmonster<br/>docker:clockercentral/dnmonster:1.0<br/>my-docker-cloud\"]\n"
			 "\tn2[\"identidock<br/>docker:clockercentral/identidock:1.3<br/>my-docker-cloud\"]\n"
			 "\tn2 -->|\"redis:6379\"| n0\n"
			 "\tn2 -->|\"dnmonster:8080\"| n1\n");
}

Test(graph_render, peers_in_a_circle_and_jobs_are_drawn_and_values_are_not)
{
	static const char peers[] =
	    "id: peers\nservices:\n- {type: 'docker:x', id: seed, job: true, env: {DB_PASSWORD: hunter2}}\n"
	    "- type: docker:x\n  id: a\n  dependsOn: [seed]\n"
	    "  links: {b: {component: $berth:component(\"b\"), wait: false}}\n"
	    "- {type: 'docker:x', id: b, links: [$berth:component(\"a\")]}\n";
	static void (*const formats[])(struct graph *, struct text *) = {graph_dot, graph_mermaid, graph_svg};
	for (size_t i = 0; i < COUNT_OF(formats); i++) {
		owned_memory char *drawing = draw(peers, formats[i]);
		cr_expect_not_null(strstr(drawing, "finished"), "%s", drawing);
		cr_expect_null(strstr(drawing, "hunter2"), "%s", drawing);
	}
	owned_memory char *dot = draw(peers, graph_dot);
	cr_expect_not_null(strstr(dot, "\"a\" -> \"b\" [style=solid, label=\"b\"];"), "%s", dot);
	cr_expect_not_null(strstr(dot, "\"b\" -> \"a\" [style=solid, label=\"a\"];"), "%s", dot);
}

Test(graph_render, kinds_of_lines_differ_and_repeated_uses_are_one)
{
	owned_memory char *dot = draw(mixed, graph_dot);
	const char *edges = strstr(dot, "\t\"web\" ->");
	cr_assert_not_null(edges, "%s", dot);
	cr_expect_str_eq(edges, "\t\"web\" -> \"db\" [style=solid, label=\"d:5432\"];\n"
				"\t\"web\" -> \"cache\" [style=solid, label=\"c:main\"];\n"
				"\t\"front\" -> \"cache\" [style=dotted, label=\"started\"];\n"
				"\t\"front\" -> \"web\" [style=dashed, label=\"80\"];\n"
				"\t\"front\" -> \"db\" [style=dashed];\n"
				"}\n");
	cr_expect_not_null(strstr(dot, "\"db\" [label=\"db\\nexternal\", style=\"rounded,dashed\"];"), "%s",
			   dot);
	cr_expect_not_null(strstr(dot, "\"web \xc3\x97"
				       "3\\ndocker:web:1\\ndocker:tcp://10.0.0.5:2376\""),
			   "%s", dot);
	owned_memory char *mermaid = draw(mixed, graph_mermaid);
	edges = strstr(mermaid, "\tn2 -->");
	cr_assert_not_null(edges, "%s", mermaid);
	cr_expect_str_eq(edges, "\tn2 -->|\"d:5432\"| n0\n"
				"\tn2 -->|\"c:main\"| n1\n"
				"\tn3 -.->|\"started\"| n1\n"
				"\tn3 -.->|\"80\"| n2\n"
				"\tn3 -.-> n0\n"
				"\tlinkStyle 2 stroke-dasharray:2 4\n"
				"\tlinkStyle 3 stroke-dasharray:6 4\n"
				"\tlinkStyle 4 stroke-dasharray:6 4\n");
	cr_expect_not_null(strstr(mermaid, "\tn0([\"db<br/>external\"])\n"), "%s", mermaid);
}

/* --- words that a format would misread ------------------------------------------------------------ */

static struct component_spec odd_spec = {.id = "a\"b\\c<d>&'e#", .type = "x`y\nz", .instances = 1};

static char *draw_odd(void (*render)(struct graph *, struct text *))
{
	struct component component = {.id = odd_spec.id, .spec = &odd_spec};
	struct application application = {.id = "\"<&>", .components = &component, .component_count = 1};
	struct graph graph;
	struct text drawing = {0};
	cr_assert_eq(graph_gather(&application, &graph), 0);
	render(&graph, &drawing);
	graph_release(&graph);
	return text_take(&drawing);
}

Test(graph_render, dot_escapes_quotes_backslashes_and_line_breaks)
{
	owned_memory char *drawing = draw_odd(graph_dot);
	cr_expect_not_null(strstr(drawing, "digraph \"\\\"<&>\" {"), "%s", drawing);
	cr_expect_not_null(strstr(drawing, "\"a\\\"b\\\\c<d>&'e#\" [label=\"a\\\"b\\\\c<d>&'e#\\nx`y\\nz\\n"),
			   "%s", drawing);
}

Test(graph_render, mermaid_escapes_by_entities)
{
	owned_memory char *drawing = draw_odd(graph_mermaid);
	cr_expect_not_null(strstr(drawing, "n0[\"a#34;b#92;c#60;d#62;#38;'e#35;<br/>x#96;y<br/>z<br/>"), "%s",
			   drawing);
}

/* --- svg ---------------------------------------------------------------------------------------------- */

/* Every tag closed in its order, every & an entity, no < within a value. */
static const char *ill_formed(const char *xml)
{
	char open[32][32];
	size_t depth = 0;
	for (const char *at = xml; *at; at++) {
		if (*at == '&') {
			size_t length = strspn(at + 1, "abcdefghijklmnopqrstuvwxyz#0123456789");
			if (!length || at[length + 1] != ';')
				return at;
		}
		if (*at != '<')
			continue;
		bool closing = at[1] == '/';
		const char *name = at + 1 + closing;
		size_t length = strcspn(name, " >/");
		const char *end = name + length;
		for (bool quoted = false; *end && (quoted || *end != '>'); end++) {
			if (*end == '"')
				quoted = !quoted;
			if (*end == '<')
				return at;
		}
		if (!*end || length >= sizeof open[0] || depth == COUNT_OF(open))
			return at;
		if (closing) {
			if (!depth || strlen(open[depth - 1]) != length ||
			    strncmp(open[depth - 1], name, length) != 0)
				return at;
			depth--;
		} else if (end[-1] != '/') {
			snprintf(open[depth++], sizeof open[0], "%.*s", (int)length, name);
		}
		at = end;
	}
	return depth ? xml : NULL;
}

Test(graph_render, the_check_of_form_finds_faults)
{
	cr_expect_null(ill_formed("<a b=\"c\"><d/>x&lt;y</a>"));
	cr_expect_not_null(ill_formed("<a><b></a></b>"));
	cr_expect_not_null(ill_formed("<a>"));
	cr_expect_not_null(ill_formed("<a>x & y</a>"));
	cr_expect_not_null(ill_formed("<a b=\"<\"/>"));
}

struct box {
	int x, y, width, height;
};

/* The box of the component with that id. */
static struct box box_of(const char *svg, const char *id)
{
	struct box box = {0};
	owned_text mark = {0};
	text_format(&mark, "<g><title>%s: ", id);
	const char *at = strstr(svg, text_view(&mark));
	cr_assert_not_null(at, "no box of %s", id);
	at = strstr(at, " x=");
	cr_assert_eq(sscanf(at, " x=\"%d\" y=\"%d\" width=\"%d\" height=\"%d\"", &box.x, &box.y, &box.width,
			    &box.height),
		     4);
	return box;
}

static size_t occurrences(const char *text, const char *what)
{
	size_t count = 0;
	for (const char *at = text; (at = strstr(at, what)); at += strlen(what))
		count++;
	return count;
}

Test(graph_render, svg_puts_consumers_left_of_what_they_need)
{
	owned_memory char *svg = draw(talk, graph_svg);
	cr_expect_null(ill_formed(svg), "%s", ill_formed(svg));
	struct box front = box_of(svg, "identidock"), redis = box_of(svg, "redis"),
		   other = box_of(svg, "dnmonster");
	cr_expect_gt(redis.x, front.x + front.width);
	cr_expect_eq(redis.x, other.x);
	cr_expect_geq(other.y, redis.y + redis.height);
	cr_expect_eq(2 * front.y + front.height, redis.y + other.y + other.height,
		     "in the middle of what it needs");
	cr_expect_eq(occurrences(svg, "marker-end="), 2);
	cr_expect_not_null(strstr(svg, ">redis:6379</text>"));
	cr_expect_not_null(strstr(svg, ">docker:clockercentral/dnmonster:1.0</text>"));
	cr_expect_eq(occurrences(svg, ">my-docker-cloud</text>"), 4, "three badges and the legend");
	cr_expect_not_null(strstr(svg, ">link</text>"));
	cr_expect_null(strstr(svg, ">value</text>"), "the legend explains only what is there");
	cr_expect_not_null(strstr(svg, "prefers-color-scheme:dark"));
}

Test(graph_render, svg_shows_every_kind_of_line_and_place)
{
	owned_memory char *svg = draw(mixed, graph_svg);
	cr_expect_null(ill_formed(svg), "%s", ill_formed(svg));
	cr_expect_eq(occurrences(svg, "class=\"line value\" marker-end"), 2);
	cr_expect_eq(occurrences(svg, "class=\"line order\" marker-end"), 1);
	cr_expect_eq(occurrences(svg, "class=\"line\" marker-end"), 2);
	cr_expect_eq(occurrences(svg, "class=\"box outside\""), 1);
	cr_expect_eq(occurrences(svg, ">docker:tcp://10.0.0.5:2376</text>"), 2);
	cr_expect_eq(occurrences(svg, ">localhost</text>"), 2);
	struct box front = box_of(svg, "front"), web = box_of(svg, "web"), db = box_of(svg, "db");
	cr_expect_lt(front.x, web.x);
	cr_expect_lt(web.x, db.x);
}

Test(graph_render, svg_escapes_words)
{
	owned_memory char *svg = draw_odd(graph_svg);
	cr_expect_null(ill_formed(svg), "%s", ill_formed(svg));
	cr_expect_not_null(strstr(svg, "a&quot;b\\c&lt;d&gt;&amp;&#39;e#</text>"), "%s", svg);
}

Test(graph_render, svg_of_components_that_need_each_other_ends)
{
	struct component_spec specs[2] = {{.id = "a", .type = "process", .instances = 1},
					  {.id = "b", .type = "process", .instances = 1}};
	struct link links[2] = {{.alias = "b", .component = 1}, {.alias = "a", .component = 0}};
	struct edge needs[2] = {{.kind = EDGE_LINK, .to = 1, .link = &links[0]},
				{.kind = EDGE_LINK, .to = 0, .link = &links[1]}};
	struct component components[2] = {{.index = 0,
					   .id = "a",
					   .spec = &specs[0],
					   .needs = &needs[0],
					   .need_count = 1,
					   .consumer_count = 1},
					  {.index = 1,
					   .id = "b",
					   .spec = &specs[1],
					   .needs = &needs[1],
					   .need_count = 1,
					   .consumer_count = 1}};
	struct application application = {.id = "ring", .components = components, .component_count = 2};
	struct graph graph;
	owned_text svg = {0};
	cr_assert_eq(graph_gather(&application, &graph), 0);
	graph_svg(&graph, &svg);
	graph_release(&graph);
	cr_assert_not(svg.failed);
	cr_expect_null(ill_formed(text_view(&svg)));
	cr_expect_lt(box_of(text_view(&svg), "a").x, box_of(text_view(&svg), "b").x);
}

Test(graph_render, no_boxes_overlap_in_a_large_drawing)
{
	owned_text yaml = {0};
	text_add(&yaml, "id: large\nlocation: localhost\nservices:\n");
	for (int i = 0; i < 120; i++) {
		text_format(&yaml, "- {type: \"docker:image:%d\", id: c%d, openPorts: 80", i, i);
		if (i >= 20)
			text_format(&yaml, ", links: [$berth:component(\"c%d\"), $berth:component(\"c%d\")]",
				    i - 10, i * 7 % 10);
		text_add(&yaml, "}\n");
	}
	owned_memory char *svg = draw(text_view(&yaml), graph_svg);
	cr_expect_null(ill_formed(svg));
	struct box boxes[120];
	for (int i = 0; i < 120; i++) {
		char id[16];
		snprintf(id, sizeof id, "c%d", i);
		boxes[i] = box_of(svg, id);
		cr_expect_geq(boxes[i].y, 0);
		for (int j = 0; j < i; j++)
			cr_assert(boxes[i].x >= boxes[j].x + boxes[j].width ||
				      boxes[j].x >= boxes[i].x + boxes[i].width ||
				      boxes[i].y >= boxes[j].y + boxes[j].height ||
				      boxes[j].y >= boxes[i].y + boxes[i].height,
				  "c%d lies on c%d", i, j);
	}
}

/* --- clusters ------------------------------------------------------------------------------------------ */

static const char sized[] =
    "id: sized\nlocation: here\nservices:\n"
    "- type: cluster\n  id: web\n  initialSize: 2\n  memberSpec: {type: 'docker:x:1', openPorts: 80}\n"
    "  sensors: {load: {value: 1}}\n"
    "  policies: [{type: autoscaler, metric: load, target: 40, min: 2, max: 5}]\n"
    "- {type: cluster, id: many, initialSize: 9, memberSpec: 'docker:y:1'}\n"
    "- {type: loadbalancer, id: front, members: $brooklyn:component(\"web\"), portBindings: {80: 80}}\n";

static void expect_parts(const char *drawing, const char *const *parts)
{
	for (; *parts; parts++)
		cr_expect(strstr(drawing, *parts), "%s is not in %s", *parts, drawing);
}

Test(graph_render, dot_puts_a_cluster_and_its_members_into_a_box)
{
	owned_memory char *drawing = draw(sized, graph_dot);
	expect_parts(drawing,
		     (const char *const[]){"subgraph \"cluster_web\" {\n", "label=\"2 members, 2 to 5\";\n",
					   "\"web.2\" [label=\"2\"", "label=\"9 members\"",
					   "\"many.more\" [label=\"and 3 more\"",
					   "\"front\" -> \"web\" [style=bold", NULL});
	cr_expect_null(strstr(drawing, "cluster_front"));
	cr_expect_null(strstr(drawing, "web.3"));
}

Test(graph_render, mermaid_puts_a_cluster_and_its_members_into_a_box)
{
	owned_memory char *drawing = draw(sized, graph_mermaid);
	expect_parts(drawing,
		     (const char *const[]){"\tsubgraph c0[\"2 members, 2 to 5\"]\n", "\tn0m2((2))\n",
					   "\tend\n", "\tn1more[\"and 3 more\"]\n", "\tn2 ==>", NULL});
}

Test(graph_render, svg_shows_how_many_members_a_cluster_has)
{
	owned_memory char *drawing = draw(sized, graph_svg);
	expect_parts(drawing, (const char *const[]){">2 members, 2 to 5</text>", ">+3</text>",
						    "class=\"line balances\"", NULL});
	size_t members = 0;
	for (const char *at = drawing; (at = strstr(at, "class=\"member\"")); at++)
		members++;
	cr_expect_eq(members, 2 + 6);
}
