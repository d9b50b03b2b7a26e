#!/usr/bin/env bash
# Software by steps of its own: installed once, launched, looked after and stopped, on this machine and in a container.
. "$(dirname "$0")/lib.sh"
uses real-software-types real-software real-software-bad real-software-dead Real-Software--as-Brooklyn-writes-it real-software-inside real-software-redis real-software-slide real-software-shared
stays=$work/cache # where what was installed is kept: nobody's but this run's

write() { # TEXT LAUNCH-EXTRA
	cat >app.yaml <<-Y
	id: real-software
	location: localhost
	services:
	- type: org.apache.brooklyn.entity.software.base.VanillaSoftwareProcess
	  id: web
	  ports: {http: auto}
	  brooklyn.config:
	    shell.env: {XDG_CACHE_HOME: $stays}
	    install.version: 1.0
	    files.install: {page.in: page.in}
	    templates.runtime: {conf.in: conf}
	    template.substitutions: {who: somebody}
	    install.command: |
	      echo installed >>$work/installed
	      sed 's/TEXT/$1/' page.in >index.html
	    customize.command: |
	      echo customized >>$work/customized
	      cp \$INSTALL_DIR/index.html .
	    launch.command: |
	      busybox httpd -f -p \$BIND_ADDRESS:\$PORT_HTTP -h . ${2:-}&
	      echo \$! >\$PID_FILE
	    checkRunning.command: kill -0 \$(cat pid.txt)
	    post.launch.command: echo launched >>$work/launched
	    stop.command: |
	      echo stopped >>$work/stopped
	      kill \$(cat pid.txt)
	Y
}
web() { page "http://$(address_of real-software web):$(port_of real-software web)/$1"; }
says() { same "$1" "$(web "${2:-}")"; }
often() { same "$1" "$(grep -c . "$2")"; } # NUMBER FILE
runner() { pgrep -f "software/runner run" | while read -r p; do tr '\0' '\n' <"/proc/$p/environ" 2>/dev/null | grep -qx "XDG_CACHE_HOME=$stays" && echo "$p"; done | head -1; }
nobody() { same "" "$(grep -la "BERTH_APP=$1" /proc/[0-9]*/environ 2>/dev/null)"; }
servers() { # how many processes of it serve pages
	grep -l "XDG_CACHE_HOME=$stays" /proc/[0-9]*/environ 2>/dev/null | cut -d/ -f3 |
		while read -r p; do tr '\0' ' ' <"/proc/$p/cmdline" 2>/dev/null; echo; done | grep -c 'httpd -f'
}
alone() { same "${1:-1}" "$(servers)"; }
echo 'page of TEXT' >page.in
# shellcheck disable=SC2016
echo 'port ${config["install.version"]} of ${entity.id}, ${who}' >conf.in

write one
check "deploys" deploy app.yaml
check "it answers with what was installed" says "page of one"
check "a template is filled in" says "port 1.0 of web, somebody" conf
check "it was installed once" often 1 installed
check "and customized once" often 1 customized
check "its log says so" bash -c '"$@" | grep -q "berth: install"' - "$BERTH" logs real-software web
check "and all is as wanted" json '.changed == false' deploy app.yaml -o json

check "restarts" berth restart real-software web -y
check "and answers" until_true 30 says "page of one"
check "without another installation" often 1 installed
check "it was stopped by its own command" often 1 stopped
check "and launched twice" often 2 launched

write one '-v '
told_in_words() { berth plan app.yaml | grep -q 'because the step launch: it says something else (app.yaml:'; }
check "what would change is told by its step" told_in_words
check "another way to launch it" deploy app.yaml
check "is taken" says "page of one"
check "without another installation" often 1 installed
write two '-v '
check "another installation" deploy app.yaml
check "is made" says "page of two"
check "once" often 2 installed

before=$(runner)
another() { local now; now=$(runner); [ -n "$now" ] && [ "$now" != "$before" ]; }
kill -9 "$before"
check "what looks after it is there again after it is killed" until_true 60 another
check "it answers" until_true 60 says "page of two"
check "and is not doubled" until_true 30 alone
check "nor installed again" often 2 installed

program=$(cat "$(readlink "/proc/$(runner)/cwd")/pid.txt")
kill -9 "$program"
check "what is killed itself goes" until_true 60 fails test -e "/proc/$program"
check "and is launched again" until_true 60 says "page of two"

check "destroys" destroy real-software
check "no process of it is left" until_true 30 nobody real-software

cat >bad.yaml <<Y
id: real-software-bad
location: localhost
services:
- type: software
  id: web
  shell.env: {XDG_CACHE_HOME: $stays}
  install.command: |
    echo what went wrong
    exit 3
  launch.command: sleep 1000
Y
deploy bad.yaml >bad.said 2>&1
check "a step that fails is named" grep -q 'the step install failed (exit status 3)' bad.said
check "with what it wrote" grep -q 'what went wrong' bad.said
check "also by why" bash -c '"$@" | grep -q "the step install failed"' - "$BERTH" why real-software-bad web
sed -i 's/exit 3/true/' bad.yaml
check "mended, it goes on" deploy bad.yaml
check "destroys that" destroy real-software-bad

cat >dead.yaml <<Y
id: real-software-dead
location: localhost
services:
- type: software
  id: web
  restart: "no"
  shell.env: {XDG_CACHE_HOME: $stays}
  launch.command: |
    echo cannot listen
    true & echo \$! >\$PID_FILE
  checkRunning.command: "false"
Y
deploy dead.yaml >dead.said 2>&1
check "what dies as it is launched is not waited for" grep -q 'but the process of .*pid.txt is not there' dead.said
check "its last words are shown" grep -q 'cannot listen' dead.said
check "destroys what is left of it" destroy real-software-dead

write one
for wait in 0.1 0.3 0.5 0.8; do
	timeout -s KILL $wait "$BERTH" deploy app.yaml "${to_engine[@]}" -y >/dev/null 2>&1
done
check "killed at any time, the next deploy goes on" deploy app.yaml
check "with one of it" until_true 30 alone
check "which answers" until_true 60 says "page of one"
check "destroys it" destroy real-software
sed -i 's/^location: localhost/location: here/' app.yaml
check "a name of a location may stand for this machine" deploy app.yaml --location here=localhost
check "where it answers" until_true 60 says "page of one"
check "destroys it, too" destroy real-software --location here=localhost

cat >inside.yaml <<'Y'
id: real-software-inside
location: my-docker-cloud
services:
- type: software
  id: web
  docker.image: busybox:latest
  ports: {http: auto}
  publish: [8080]
  files.install: {page.in: page.in}
  install.command: sed 's/TEXT/inside/' page.in >index.html
  customize.command: cp $INSTALL_DIR/index.html .
  launch.command: |
    busybox httpd -f -p $BIND_ADDRESS:$PORT_HTTP &
    echo $! >$PID_FILE
  stop.command: echo bye; kill $(cat pid.txt)
Y
inside() { page "http://$(status real-software-inside -o json | jq -r '.components[0].instances[0].ports[0]|"\(.host_address):\(.host_port)"')/"; }
check "in a container, too" deploy inside.yaml
check "it answers" same "page of inside" "$(inside)"
check "restarts there" berth restart real-software-inside web -y "${to_engine[@]}"
check "by its own command" bash -c '"$@" | grep -qx bye' - "$BERTH" logs real-software-inside web "${to_engine[@]}"
check "and answers again" until_true 30 same "page of inside" "$(inside)"
check "destroys it there" destroy real-software-inside

cat >classic.yaml <<Y
name: Real Software, as Brooklyn writes it
location: localhost
services:
- type: vanilla-bash-server
  id: web
  brooklyn.config:
    my.app.port: 28020
    shell.env:
      XDG_CACHE_HOME: $stays
      AT: \$brooklyn:attributeWhenReady("host.address")
      PORT: \$brooklyn:config("my.app.port")
    customize.command: echo "I am at \$AT" >index.html
    launch.command: |
      nohup busybox httpd -f -p \$AT:\$PORT -h . </dev/null >output.txt 2>&1 &
      echo \$! >\${PID_FILE:-pid.txt}
  brooklyn.enrichers:
  - type: org.apache.brooklyn.enricher.stock.Transformer
    brooklyn.config:
      enricher.sourceSensor: \$brooklyn:sensor("host.subnet.hostname")
      enricher.targetSensor: \$brooklyn:sensor("main.uri")
      enricher.targetValue:
        \$brooklyn:formatString:
        - "http://%s:%s/"
        - \$brooklyn:attributeWhenReady("host.subnet.hostname")
        - \$brooklyn:config("my.app.port")
  brooklyn.initializers:
  - type: org.apache.brooklyn.core.effector.ssh.SshCommandEffector
    brooklyn.config:
      name: shout
      parameters: {WORD: {description: what, defaultValue: hey}}
      command: echo "\$WORD"; ls index.html
- type: org.apache.brooklyn.entity.software.base.EmptySoftwareProcess
  id: empty
  brooklyn.config:
    shell.env: {XDG_CACHE_HOME: $stays, URI: \$brooklyn:component("web").attributeWhenReady("main.uri")}
Y
classic=Real-Software--as-Brooklyn-writes-it
check "a blueprint in Brooklyn's words" deploy classic.yaml
uri() { "$BERTH" status $classic -o json | jq -r '.components[] | select(.id == "web").sensors["main.uri"]'; }
check "its address is a sensor" same http://127.0.0.1:28020/ "$(uri)"
check "where it answers" same "I am at 127.0.0.1" "$(page "$(uri)")"
check "and which others are given" same "$(uri)" "$("$BERTH" exec $classic empty -- sh -c 'echo $URI')"
shouts() { "$BERTH" invoke $classic web shout "$@" | tr '\n' ' '; }
check "its effector is run" bash -c '[[ $1 == *" hey "*index.html* ]]' - "$(shouts)"
check "with what it is given" bash -c '[[ $1 == *" ho "*index.html* ]]' - "$(shouts WORD=ho)"
check "destroys it as any other" destroy $classic
check "and nothing of it is left" until_true 30 nobody $classic

cat >redis.yaml <<Y
id: real-software-redis
location: localhost
services:
- type: org.apache.brooklyn.entity.nosql.redis.RedisStore
  id: store
  install.version: 3.0.0
  install.version.match: at-least
  redis.port: auto
  shell.env: {XDG_CACHE_HOME: $stays}
- type: software
  id: worker
  links: {store: \$brooklyn:component("store")}
  latch.launch: \$brooklyn:component("store").attributeWhenReady("service.process.isRunning")
  shell.env: {XDG_CACHE_HOME: $stays, AT: \$berth:address("store"), ON: \$berth:port("store")}
  launch.command: |
    (while sleep 0.2; do redis-cli -h \$AT -p \$ON set beat now; done) >/dev/null & echo \$! >pid.txt
  checkRunning.command: kill -0 \$(cat pid.txt)
  stop.command: kill \$(cat pid.txt)
Y
redis() { timeout 30 redis-cli -h "$(address_of real-software-redis store)" -p "$(port_of real-software-redis store)" "$@"; }
beats() { [ "$(redis get beat)" = now ]; }
check "Brooklyn's Redis on this machine, from what is here" deploy redis.yaml
check "it answers" until_true 30 redis ping
check "its consumer reached it" until_true 30 beats
check "and all is as wanted" json '.changed == false' deploy redis.yaml -o json
check "destroys both" destroy real-software-redis
sed -i 's/at-least/exact/' redis.yaml
deploy redis.yaml >exact.said 2>&1
check "an exact version that is not to be had fails" grep -q 'redis-server 3.0.0 cannot be had' exact.said
check "with one way out" grep -q 'install.version.match: at-least' exact.said
check "and the other" grep -q 'download.url: https://download.redis.io' exact.said
check "destroys that, too" destroy real-software-redis

cat >catalogue.yaml <<Y
id: real-software-types
location: localhost
brooklyn.config: {shell.env: {XDG_CACHE_HOME: $stays}}
services:
- {type: nginx, id: front, nginx.port: 28100+, post.customize.command: echo fronted >www/index.html}
- {type: static-web, id: pages, pre.launch.command: echo paged >www/index.html}
- {type: PostgreSqlNode, id: db, postgresql.port: auto, postgresql.database: shop, postgresql.username: keeper}
Y
types_page() { page "http://127.0.0.1:$(port_of real-software-types "$1")/"; }
has_postgres() { ls -d /usr/lib/postgresql/*/bin /usr/local/bin/initdb 2>/dev/null | grep -q .; }
if command -v mariadbd >/dev/null; then
	cat >>catalogue.yaml <<-'Y'
	- {type: MySqlNode, id: sql, mysql.port: auto, creationScriptContents: "create database shop; grant all on shop.* to 'keeper'@'%' identified by 'kept'"}
	Y
fi
has_postgres || sed -i '/PostgreSqlNode/d' catalogue.yaml
check "other types of the catalogue" deploy catalogue.yaml
check "nginx serves" same fronted "$(types_page front)"
check "a static page is served" same paged "$(types_page pages)"
if has_postgres; then
	check "the database answers" until_true 30 bash -c '[ "$(psql -h 127.0.0.1 -p "$1" -U keeper -d shop -tAc "select 40+2")" = 42 ]' - "$(port_of real-software-types db)"
fi
if command -v mariadbd >/dev/null; then
	check "and the other one" until_true 30 bash -c '[ "$(mariadb --no-defaults -h 127.0.0.1 -P "$1" -u keeper -pkept shop -Ne "select 40+2")" = 42 ]' - "$(port_of real-software-types sql)"
fi
check "destroys them" destroy real-software-types
rm -rf /var/lib/berth/mysql/real-software-types.*
rm -rf /var/lib/postgresql/berth/real-software-types.*

cat >slide.yaml <<'Y'
id: real-software-slide
location: my-docker-cloud
services:
- {type: org.apache.brooklyn.entity.nosql.redis.RedisStore, id: redis, brooklyn.config: {install.version: 3.0.0, docker.image: "redis:3"}, publish: [6379]}
Y
pings() { # the one of the slide
	local at
	at=$(status real-software-slide -o json | jq -r '.components[0].instances[0].ports[0]|"-h \(.host_address) -p \(.host_port)"')
	# Two words and their values.
	# shellcheck disable=SC2086
	[ "$(timeout 30 redis-cli $at ping)" = PONG ]
}
check "Brooklyn's Redis in a container" deploy slide.yaml
check "answers a client" until_true 30 pings
check "goes" destroy real-software-slide

cat >shared.yaml <<Y
id: real-software-shared
catalog: types.yaml
location: localhost
services:
- type: org.apache.brooklyn.entity.software.base.SameServerEntity
  id: both
  brooklyn.config: {shell.env: {XDG_CACHE_HOME: $stays}}
  brooklyn.children:
  - {type: pages, id: one, text: first}
  - {type: pages, id: other, text: second, policies: [{type: restarter}], restart: "no"}
Y
cat >types.yaml <<'Y'
- id: pages
  parameters: [{name: text}]
  item:
    type: static-web
    env: {TEXT: $brooklyn:config("text")}
    pre.launch.command: echo "$TEXT" >www/index.html
Y
shows() { same "$2" "$(page "http://$(address_of real-software-shared "$1"):$(port_of real-software-shared "$1")/")"; }
check "children of one machine, of a type of one's own" deploy shared.yaml
check "serve" shows one first
check "each its own" shows other second
"$BERTH" serve >served 2>&1 &
serve=$!
children+=("$serve")
is_kept() { [ "$(berth policy list real-software-shared -o json | jq -r .kept)" = true ]; }
check "a controller keeps them" until_true 30 is_kept
read -r killed _ <"$(dirname "$(ls -d "$XDG_STATE_HOME"/berth/run/real-software-shared/.work/other*/software)")/.berth/foreground"
kill -9 "$killed"
gone() { [ ! -e "/proc/$killed" ]; }
check "one that is killed goes" until_true 30 gone
check "and its policy starts it again" until_true 60 shows other second
check "without another one of it" until_true 30 alone 2
kill "$serve"
wait "$serve"
check "destroys all of them" destroy real-software-shared
check "no process of them is left" until_true 30 nobody real-software-shared
