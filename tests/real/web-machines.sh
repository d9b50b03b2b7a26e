#!/usr/bin/env bash
# web-machines.sh - a web cluster behind a load balancer, all of it on machines of a pool, in Brooklyn's words.
. "$(dirname "$0")/lib.sh"
if [ "$(id -u)" != 0 ]; then
	echo "ok - web-machines: skipped, not root"
	exit 0
fi
uses real-web-machines real-web-shop
. "$root/tests/real/machine.bash"
afterwards() { for n in 1 2 3 4; do machine_ends $n; done; }
for n in 1 2 3 4; do check "machine $n comes up" machine $n; done

cat >app.yaml <<Y
id: real-web-machines
location:
  byon: {user: root, privateKeyFile: $work/key, knownHosts: $work/known_hosts, hosts: [$(address 1), $(address 2), $(address 3), $(address 4)]}
services:
- type: org.apache.brooklyn.entity.proxy.nginx.NginxController
  id: front
  brooklyn.config:
    loadbalancer.serverpool: \$brooklyn:component("web")
    proxy.http.port: 8010
- type: org.apache.brooklyn.entity.group.DynamicCluster
  id: web
  brooklyn.config:
    cluster.initial.size: 2
    dynamiccluster.memberspec:
      \$brooklyn:entitySpec:
        type: org.apache.brooklyn.entity.software.base.VanillaSoftwareProcess
        ports: {http: 8080}
        brooklyn.config:
          customize.command: mkdir www && hostname -I >www/index.html && ip -o -4 addr show dev eth0 >>www/index.html
          launch.command: exec busybox httpd -f -p \$BIND_ADDRESS:\$PORT_HTTP -h www
Y
deployed() { limit=120 berth deploy app.yaml -y; }
front() { berth status real-web-machines -o json | jq -r '.components[]|select(.id == "front").instances[0]|"\(.address):\(.ports[0].port)"'; }
# How many machines' pages come of twenty requests.
answering() {
	local at
	at=$(front)
	for _ in $(seq 20); do curl -sf -m 5 "http://$at/" | grep -o 'inet [0-9.]*'; done | sort -u | wc -l
}
answer() { [ "$(answering)" = "$1" ]; }

check "is valid" berth validate app.yaml
check "deploys" deployed
check "the balancer listens at its machine, where it was asked to" grep -qE "^$net\.[0-9]+:8010$" <(front)
check "both members are behind it" until_true 20 answer 2
check "a second deploy changes nothing" grep -q "No changes" <(deployed 2>&1)
check "a third member comes" berth scale real-web-machines web 3 -y
check "and is behind it" until_true 20 answer 3
check "members go" berth scale real-web-machines web 1 -y
check "and are not asked any more" until_true 20 answer 1
check "destroys" berth destroy real-web-machines -y
proxies() { local n; for n in 1 2 3 4; do ip netns pids "m$$-$n" | xargs -r ps -o args= -p; done | grep -cE 'nginx|httpd'; }
check "nothing of it is left" same 0 "$(proxies)"

# Brooklyn's own example of three tiers. The archive of Tomcat is made of the distribution's, and fetched from this machine.
if [ ! -d /usr/share/tomcat10 ] || ! command -v mariadbd >/dev/null; then
	echo "ok - web-machines: three tiers: skipped, no tomcat10-common or mariadb-server-core here"
	exit $failed
fi
mkdir -p served war/WEB-INF tomcat/apache-tomcat-10.1.0/conf
home=tomcat/apache-tomcat-10.1.0
cp -rL /usr/share/tomcat10/bin /usr/share/tomcat10/lib $home/
cp -L /usr/share/java/*jdt*.jar $home/lib/
cat >$home/conf/server.xml <<'Y'
<Server port="8005" shutdown="SHUTDOWN"><Service name="Catalina">
<Connector port="8080" protocol="HTTP/1.1" />
<Engine name="Catalina" defaultHost="localhost"><Host name="localhost" appBase="webapps">
<Valve className="org.apache.catalina.valves.AccessLogValve" directory="logs"
       prefix="localhost_access_log" suffix=".txt"
       pattern="%h %l %u %t &quot;%r&quot; %s %b" />
</Host></Engine></Service></Server>
Y
cat >$home/conf/web.xml <<'Y'
<web-app>
<servlet><servlet-name>jsp</servlet-name><servlet-class>org.apache.jasper.servlet.JspServlet</servlet-class></servlet>
<servlet-mapping><servlet-name>jsp</servlet-name><url-pattern>*.jsp</url-pattern></servlet-mapping>
<welcome-file-list><welcome-file>index.jsp</welcome-file></welcome-file-list>
</web-app>
Y
echo 'common.loader=${catalina.base}/lib,${catalina.base}/lib/*.jar,${catalina.home}/lib,${catalina.home}/lib/*.jar' >$home/conf/catalina.properties
tar -C tomcat -czf served/tomcat.tar.gz apache-tomcat-10.1.0
echo '<web-app/>' >war/WEB-INF/web.xml
echo '<%= "from " + System.getProperty("shop.db") + " at " + request.getLocalAddr() + ";" %>' >war/index.jsp
(cd war && python3 -c 'import zipfile; z = zipfile.ZipFile("../shop.war", "w"); [z.write(n) for n in ("index.jsp", "WEB-INF/web.xml")]')
echo 'create database visitors; use visitors; create table visit (n int); insert into visit values (42); grant all on visitors.* to "shop"@"%" identified by "s3cret";' >visitors.sql
busybox httpd -f -p 18611 -h served &
children+=($!)
cat >shop.yaml <<Y
id: real-web-shop
location:
  byon: {user: root, privateKeyFile: $work/key, knownHosts: $work/known_hosts, hosts: [$(address 1), $(address 2), $(address 3), $(address 4)]}
services:
- type: org.apache.brooklyn.entity.webapp.ControlledDynamicWebAppCluster
  id: shop
  brooklyn.config:
    initialSize: 2
    memberSpec:
      \$brooklyn:entitySpec:
        type: org.apache.brooklyn.entity.webapp.tomcat.TomcatServer
        download.url: http://$net.5:18611/tomcat.tar.gz
        install.version: 10.1.0
    wars.root: shop.war
    http.port: 9280+
    proxy.http.port: 9210+
    java.sysprops:
      shop.db: >
        \$brooklyn:formatString("jdbc:%s%s?user=%s\\\\&password=%s",
        component("db").attributeWhenReady("datastore.url"), "visitors", "shop", "s3cret")
- type: org.apache.brooklyn.entity.database.mysql.MySqlNode
  id: db
  brooklyn.config: {datastore.creation.script.url: classpath://visitors.sql, mysql.port: 3306+}
Y
shop() { curl -sf -m 20 "http://$(berth status real-web-shop -o json | jq -r '.components[]|select(.id == "shop-controller").instances[0]|"\(.address):\(.ports[0].port)"')/"; }
members_of_shop() { for _ in $(seq 10); do shop; done | grep -o 'at [0-9.]*;' | sort -u | wc -l; }
said_by_shop() { shop | grep -qE "$1"; }
check "three tiers are valid" berth validate shop.yaml
check "they deploy" bash -c 'limit=300; "$@"' - timeout 300 "$BERTH" deploy shop.yaml -y
check "a page comes through the load balancer, of a server that knows its database" until_true 30 said_by_shop "from jdbc:mysql://$net\.[0-9]+:3306/visitors\?user=shop&password=s3cret at $net"
two_members() { [ "$(members_of_shop)" = 2 ]; }
check "both servers answer" until_true 30 two_members
count_of() { mariadb -h "$(berth status real-web-shop -o json | jq -r '.components[]|select(.id == "db").instances[0].address')" -u shop -ps3cret -N -e 'select n from visitors.visit'; }
check "the script made the tables" same 42 "$(count_of)"
check "the pages' ports are the first of their ranges" json '[.components[]|select(.id == "shop").instances[].ports[0].port] == [9280, 9280]' berth status real-web-shop -o json
check "three tiers are destroyed" berth destroy real-web-shop -y
