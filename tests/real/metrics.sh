#!/usr/bin/env bash
# Numbers of a controller: as Prometheus itself takes them, in both formats.
. "$(dirname "$0")/lib.sh"
uses real-metrics
unset BERTH_CONTROLLER BERTH_TOKEN_FILE BERTH_CA
if ! command -v prometheus >/dev/null || ! command -v promtool >/dev/null; then
	echo "ok - metrics: skipped, there is no prometheus here (scripts/packages.sh names it)"
	exit 0
fi
socket=$work/c.sock
port=18996
get() { curl -sS -m 20 --unix-socket "$socket" "${@:2}" "http://c$1"; }
by() { BERTH_CONTROLLER=unix:$socket berth "$@"; }
ready() { get /readyz | grep -q '^ready'; }
{
	openssl req -x509 -newkey rsa:2048 -nodes -keyout ca.key -out ca.pem -days 2 -subj /CN=berth-tests
	openssl req -newkey rsa:2048 -nodes -keyout server.key -out server.csr -subj /CN=localhost
	openssl x509 -req -in server.csr -CA ca.pem -CAkey ca.key -CAcreateserial -days 2 -out server.pem -extfile <(
		printf '%s\n' subjectAltName=DNS:localhost extendedKeyUsage=serverAuth
	)
} >openssl.log 2>&1
echo token-of-one-who-scrapes >scraper
echo "token-of-one-who-scrapes read prometheus" >tokens
chmod 600 tokens scraper
"$BERTH" serve --state "$work/state/berth" --listen "unix:$socket" --listen "tcp:127.0.0.1:$port" --tls-cert server.pem \
	--tls-key server.key --token-file tokens >serve.log 2>&1 &
children+=($!)
check "serves" until_true 20 ready

cat >app.yaml <<'Y'
id: real-metrics
location: here
services:
- {type: process, id: "web", command: sleep 1000, instances: 2, policies: [{type: restarter, backoff: 200ms}]}
Y
check "deploys" by deploy app.yaml --location here=localhost
# The first number of the target's own id is a process.
first() { by status real-metrics -o json | jq -r '.components[0].instances[0].target_id' | cut -d: -f1; }
kill -KILL "$(first)"
number() { get /metrics | sed -n "s/^$1 //p"; }
restarted() { [ "$(number 'berth_policy_decisions_total{policy="restarter",kind="restart"}')" = 1 ]; }
check "what policies decide is counted" until_true 20 restarted
both_run() { [ "$(number 'berth_instances{app="real-metrics",state="running"}')" = 2 ]; }
check "and how many run" until_true 20 both_run
check "the time that a deploy took" test "$(number 'berth_reconcile_seconds_count{verb="deploy"}')" = 1
check "calls to a location" test "$(number 'berth_calls_total{location="here",call="place",result="ok"}')" -ge 2
check "operations by their end" test "$(number 'berth_operations_total{verb="deploy",outcome="0"}')" -ge 1
check "nothing waits" test "$(number 'berth_queue_depth{queue="call"}')" = 0

get /metrics >plain.txt
check "promtool has nothing to say" same "" "$(promtool check metrics <plain.txt 2>&1)"
get /metrics -H 'Accept: application/openmetrics-text; version=1.0.0' -D head.txt >open.txt
check "OpenMetrics says what it is" grep -qi '^content-type: application/openmetrics-text; version=1.0.0' head.txt
check "ends as it is to" same "# EOF" "$(tail -1 open.txt)"
check "names families without _total" fails grep -E '^# (TYPE|HELP) [a-z_]*_total ' open.txt
check "and has the same samples" same "$(grep -v '^#' plain.txt | cut -d' ' -f1 | grep -v '^berth_http' | sort)" \
	"$(grep -v '^#' open.txt | cut -d' ' -f1 | grep -v '^berth_http' | sort)"
# Debian's, since that is what has the package.
parsed() {
	/usr/bin/python3 -c '
import sys
from prometheus_client.openmetrics.parser import text_string_to_metric_families
print(sum(len(family.samples) for family in text_string_to_metric_families(sys.stdin.read())))' <open.txt
}
check "by the client library of Prometheus, too" same "$(grep -vc '^#' open.txt)" "$(parsed)"

cat >prometheus.yml <<Y
global: {scrape_interval: 1s}
scrape_configs:
- job_name: berth
  scheme: https
  tls_config: {ca_file: $work/ca.pem}
  authorization: {credentials_file: $work/scraper}
  static_configs: [{targets: ["localhost:$port"]}]
Y
check "its configuration is one" promtool check config prometheus.yml
prometheus --config.file=prometheus.yml --storage.tsdb.path="$work/tsdb" --web.listen-address=127.0.0.1:18997 >prometheus.log 2>&1 &
children+=($!)
asked() { curl -sS -m 30 -G --data-urlencode "query=$1" http://127.0.0.1:18997/api/v1/query | jq -r '.data.result[0].value[1]'; }
says() { [ "$(asked "$1")" = "$2" ]; }
check "Prometheus takes them" until_true 60 says 'up{job="berth"}' 1
check "and knows how many run" until_true 30 says 'sum(berth_instances{state="running"})' 2
check "and how long a deploy takes" until_true 30 says 'berth_reconcile_seconds_count{verb="deploy"}' 1
quantile() { [[ $(asked 'histogram_quantile(0.9, sum by (le) (berth_reconcile_seconds_bucket))') =~ ^[0-9] ]]; }
check "as a histogram" quantile
check "gone" by destroy real-metrics -y
