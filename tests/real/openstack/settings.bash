# shellcheck shell=bash disable=SC2154
# settings.bash - how the services of the bed are configured; sourced by `bed`, whose variables it uses.

database() { echo "mysql+pymysql://root@localhost/$1?unix_socket=$now/database.sock&charset=utf8"; }
login() { # USER: how a service logs in
	cat <<-C
		auth_type = password
		auth_url = http://127.0.0.1:5000/v3
		username = $1
		password = servicepass
		project_name = service
		user_domain_name = Default
		project_domain_name = Default
		region_name = RegionOne
	C
}
tokens() { # USER: how a service checks who asks
	cat <<-C
		[keystone_authtoken]
		$(login "$1")
		www_authenticate_uri = http://$api:5000/v3
		memcached_servers = 127.0.0.1:11211
	C
}
rabbit=rabbit://guest:guest@127.0.0.1:5672/
rabbit_variables() {
	echo '[].' >"$now/rabbit/plugins"
	echo "RABBITMQ_NODENAME=rabbit@localhost RABBITMQ_NODE_IP_ADDRESS=127.0.0.1 RABBITMQ_NODE_PORT=5672" \
		"RABBITMQ_MNESIA_BASE=$now/rabbit RABBITMQ_LOG_BASE=$log RABBITMQ_PID_FILE=$now/rabbit.pid" \
		"RABBITMQ_ENABLED_PLUGINS_FILE=$now/rabbit/plugins ERL_EPMD_ADDRESS=127.0.0.1 HOME=$now/rabbit"
}

settings() {
	settings_of_machine
	settings_of_identity_and_images
	settings_of_nova
	settings_of_neutron
}

# libvirtd insists on the users of its package, whoever qemu.conf names.
settings_of_machine() {
	printf '127.0.0.1 localhost os1\n::1 localhost\n' >"$now/etc/hosts"
	cp /etc/passwd /etc/group "$now/etc/"
	grep -q ^libvirt-qemu: /etc/passwd || echo "libvirt-qemu:x:64055:64055::/var/lib/libvirt:/usr/sbin/nologin" >>"$now/etc/passwd"
	grep -q ^libvirt-qemu: /etc/group || echo "libvirt-qemu:x:64055:" >>"$now/etc/group"
	grep -q ^kvm: /etc/group || echo "kvm:x:64056:" >>"$now/etc/group"
	grep -q ^libvirt: /etc/group || echo "libvirt:x:64057:" >>"$now/etc/group"
	cat >"$now/libvirt/etc/qemu.conf" <<-C
		user = "root"
		group = "root"
		security_driver = "none"
		cgroup_controllers = [ ]
		namespaces = [ ]
		stdio_handler = "file"
		remember_owner = 0
	C
	printf 'auth_unix_rw = "none"\nlisten_tls = 0\nunix_sock_group = "root"\n' >"$now/libvirt/etc/libvirtd.conf"
}

settings_of_identity_and_images() {
	cat >"$now/etc/keystone.conf" <<-C
		[DEFAULT]
		log_file = $log/keystone.log
		[database]
		connection = $(database keystone)
		[token]
		provider = fernet
		[fernet_tokens]
		key_repository = $now/state/fernet
		[credential]
		key_repository = $now/state/credential
		[cache]
		enabled = true
		backend = dogpile.cache.memcached
		memcache_servers = 127.0.0.1:11211
	C
	cat >"$now/etc/placement.conf" <<-C
		[DEFAULT]
		log_file = $log/placement.log
		[placement_database]
		connection = $(database placement)
		[api]
		auth_strategy = keystone
		$(tokens placement)
	C
	cat >"$now/etc/glance.conf" <<-C
		[DEFAULT]
		bind_host = 0.0.0.0
		bind_port = 9292
		workers = 0
		log_file = $log/glance.log
		enabled_backends = file:file
		use_keystone_limits = False
		[database]
		connection = $(database glance)
		[glance_store]
		default_backend = file
		[file]
		filesystem_store_datadir = $now/images
		[os_glance_tasks_store]
		filesystem_store_datadir = $now/tasks
		[os_glance_staging_store]
		filesystem_store_datadir = $now/staged
		[paste_deploy]
		flavor = keystone
		config_file = $unpacked/usr/share/glance-common/glance-api-paste.ini
		[oslo_concurrency]
		lock_path = $now/locks
		$(tokens glance)
	C
}

settings_of_nova() {
	local helper helpers=
	# Everything is root's here: no wrapper that asks for it.
	for helper in nova_sys_admin privsep_osbrick vif_plug_linux_bridge_privileged vif_plug_ovs_privileged; do
		helpers+=$(printf '\n[%s]\nhelper_command = privsep-helper --config-file %s/etc/nova.conf' $helper "$now")
	done
	cp "$unpacked/usr/share/nova-common/api-paste.ini" "$now/etc/"
	cat >"$now/etc/nova.conf" <<-C
		[DEFAULT]
		host = os1
		my_ip = 127.0.0.1
		state_path = $now/state
		instances_path = $now/instances
		compute_driver = libvirt.LibvirtDriver
		transport_url = $rabbit
		enabled_apis = osapi_compute
		osapi_compute_workers = 1
		force_config_drive = True
		reserved_host_memory_mb = 512
		reserved_host_disk_mb = 0
		cpu_allocation_ratio = 16
		ram_allocation_ratio = 2
		disk_allocation_ratio = 4
		periodic_fuzzy_delay = 0
		vif_plugging_timeout = 30
		vif_plugging_is_fatal = False
		log_dir = $log
		[api]
		auth_strategy = keystone
		[api_database]
		connection = $(database nova_api)
		[database]
		connection = $(database nova)
		[conductor]
		workers = 1
		[scheduler]
		workers = 1
		discover_hosts_in_cells_interval = 2
		[glance]
		api_servers = http://127.0.0.1:9292
		[placement]
		$(login nova)
		[neutron]
		$(login neutron)
		[libvirt]
		virt_type = qemu
		cpu_mode = none
		images_type = raw
		[vnc]
		enabled = False
		[oslo_concurrency]
		lock_path = $now/locks
		[workarounds]
		disable_rootwrap = True$helpers
		$(tokens nova)
	C
}

settings_of_neutron() {
	# A rule that ebtables cannot delete (where an address has an octet below 16) would be tried again for ten minutes, in which
	# the agent does nothing else; it is one of a port that has gone.
	cat >"$now/bin/ebtables" <<-'C'
		#!/bin/sh
		/usr/sbin/ebtables "$@" || case " $* " in *' -D '*) ;; *) exit 4 ;; esac
	C
	chmod 755 "$now/bin/ebtables"
	cat >"$now/etc/neutron.conf" <<-C
		[DEFAULT]
		host = os1
		core_plugin = ml2
		service_plugins = router
		bind_host = 0.0.0.0
		bind_port = 9696
		api_workers = 1
		rpc_workers = 1
		rpc_state_report_workers = 0
		transport_url = $rabbit
		auth_strategy = keystone
		state_path = $now/state
		api_paste_config = $unpacked/usr/share/neutron-common/api-paste.ini
		dhcp_agents_per_network = 1
		interface_driver = linuxbridge
		[agent]
		root_helper =
		report_interval = 5
		[experimental]
		linuxbridge = True
		[database]
		connection = $(database neutron)
		[oslo_concurrency]
		lock_path = $now/locks
		[nova]
		$(login nova)
		[placement]
		$(login nova)
		$(tokens neutron)
	C
	cat >"$now/etc/ml2.ini" <<-C
		[ml2]
		type_drivers = flat,local
		tenant_network_types = local
		mechanism_drivers = linuxbridge
		extension_drivers = port_security
		[ml2_type_flat]
		flat_networks = public
		[securitygroup]
		enable_security_group = True
		enable_ipset = True
		firewall_driver = iptables
		[linux_bridge]
		physical_interface_mappings = public:public
		[vxlan]
		enable_vxlan = False
	C
	printf '[DEFAULT]\ninterface_driver = linuxbridge\nenable_isolated_metadata = False\nresync_interval = 5\n' >"$now/etc/dhcp.ini"
	printf '[DEFAULT]\ninterface_driver = linuxbridge\nagent_mode = legacy\nenable_metadata_proxy = False\n' >"$now/etc/l3.ini"
}
