/** One way to write something in a Compose file, and what the policy makes of it. */
export interface PolicyCase {
  /** Below `services.web`, or the whole file if it has `services:`. */
  yaml: string
  /** `rule` or `rule:detail`; `DIR` is the app's folder. Empty: nothing to find. */
  finds: string[]
  /** Compose 1.29 does not have it. */
  only?: 2
  /** Compose refuses it, so only the first look counts. */
  refused?: true
  variables?: Record<string, string>
}

const web = (lines: string): string => lines

/** Every spelling of the same thing has the same finding. */
export const cases: Record<string, PolicyCase[]> = {
  harmless: [
    { yaml: 'image: nginx', finds: [] },
    { yaml: 'cap_add: [NET_BIND_SERVICE, cap_chown, Setuid]', finds: [] },
    { yaml: 'cap_drop: [ALL]', finds: [] },
    { yaml: 'security_opt: ["no-new-privileges:true"]', finds: [] },
    { yaml: 'security_opt: ["no-new-privileges=true"]', finds: [] },
    { yaml: 'volumes: ["./data:/data", "data:/d", "/var/lib/x"]\nVOLUMES', finds: [] },
    { yaml: 'volumes: ["DIR/data:/data:ro"]', finds: [] },
    { yaml: 'volumes: [{type: bind, source: ./data, target: /data}]', finds: [] },
    { yaml: 'volumes: [{type: tmpfs, target: /tmp}]', finds: [] },
    { yaml: 'tmpfs: ["/run:exec,size=1m"]', finds: [] },
    { yaml: 'network_mode: none', finds: [] },
    { yaml: 'network_mode: bridge', finds: [] },
    { yaml: 'ipc: shareable', finds: [] },
    { yaml: 'env_file: .env', finds: [] },
    { yaml: 'env_file: ["./web.env", "DIR/web.env"]', finds: [] },
    { yaml: 'secrets: [s]\nSECRETS ./secret.txt', finds: [] },
    { yaml: 'build: ./context', finds: [] },
    { yaml: 'build: {context: ., dockerfile: context/Dockerfile}', finds: [] },
    { yaml: 'build: https://github.com/some/repository.git', finds: [] },
    { yaml: 'privileged: false', finds: [] },
    { yaml: 'group_add: [docker]', finds: [] },
    { yaml: 'ulimits: {nofile: 1000}', finds: [] },
    { yaml: 'user: root', finds: [] },
    { yaml: 'extends: {file: ./base.yaml, service: base}', finds: [] },
    { yaml: 'ports: ["80:80"]', finds: [] },
    { yaml: 'logging: {driver: json-file, options: {max-size: 1m}}', finds: [] },
    { yaml: 'runtime: runc', finds: [] },
    { yaml: 'services:\n  web: {image: nginx, network_mode: "service:db"}\n  db: {image: nginx}', finds: [] },
    { yaml: 'services:\n  web: {image: nginx}\nnetworks:\n  default: {ipam: {config: [{subnet: 172.30.0.0/24}]}}', finds: [] },
    { yaml: 'services:\n  web: {image: nginx}\nnetworks:\n  default: {external: true, name: proxy}', finds: [] },
    { yaml: 'services:\n  web: {image: nginx, volumes: ["vol:/d"]}\nvolumes:\n  vol: {driver: local}', finds: [] },
    {
      yaml: 'services:\n  web: {image: nginx, volumes: ["vol:/d"]}\nvolumes:\n  vol: {driver_opts: {type: tmpfs, device: tmpfs, o: size=1m}}',
      finds: [],
    },
    {
      yaml: 'services:\n  web: {image: nginx, volumes: ["vol:/d"]}\nvolumes:\n  vol: {driver_opts: {type: none, o: bind, device: DIR/data}}',
      finds: [],
    },
    { yaml: 'include: [./extra.yaml]\nservices:\n  web: {image: nginx}', finds: [], only: 2 },
    { yaml: 'uts: ""', finds: [], only: 2 },
    { yaml: 'cgroup: private', finds: [], only: 2 },
    { yaml: 'annotations: {a.b: c}', finds: [], only: 2 },
    { yaml: 'develop: {watch: [{path: ../x, action: rebuild}]}\nbuild: .', finds: [], only: 2 },
  ],
  privileged: [
    { yaml: 'privileged: true', finds: ['privileged'] },
    { yaml: 'privileged: yes', finds: ['privileged'] },
    { yaml: '"privileged": true', finds: ['privileged'] },
    { yaml: '"privile\\u0067ed": true', finds: ['privileged'] },
    { yaml: 'privileged: "${P:-true}"', finds: ['privileged'] },
    { yaml: 'privileged: "${P}"', finds: ['privileged'], variables: { P: 'true' } },
    { yaml: 'services:\n  web:\n    image: nginx\n    <<: &x\n      privileged: true', finds: ['privileged'] },
    { yaml: 'x-a: &a {privileged: true}\nservices:\n  web: {<<: *a, image: nginx}\nversion: "3.8"', finds: ['privileged'] },
    { yaml: 'x-a: &a true\nversion: "3.8"\nservices:\n  web: {image: nginx, privileged: *a}', finds: ['privileged'] },
    { yaml: 'extends: {file: ./privileged.yaml, service: base}', finds: ['privileged'] },
    {
      yaml: 'services:\n  web: {extends: {service: base}}\n  base: {image: nginx, privileged: true}',
      finds: ['privileged', 'base privileged'],
    },
    { yaml: 'build: {context: ., privileged: true}', finds: ['privileged:build'], only: 2 },
  ],
  'host namespaces': [
    { yaml: 'network_mode: host', finds: ['host-network'] },
    { yaml: 'network_mode: "${MODE:-host}"', finds: ['host-network'] },
    { yaml: 'pid: host', finds: ['host-pid'] },
    { yaml: 'pid: "host"', finds: ['host-pid'] },
    { yaml: 'ipc: host', finds: ['host-ipc'] },
    { yaml: 'uts: host', finds: ['host-uts'], only: 2 },
    { yaml: 'userns_mode: host', finds: ['host-userns'] },
    { yaml: 'userns_mode: "host"', finds: ['host-userns'] },
    { yaml: 'cgroup: host', finds: ['cgroup:host'], only: 2 },
    { yaml: 'cgroup_parent: /system.slice', finds: ['cgroup:parent /system.slice'] },
    {
      yaml: 'services:\n  web: {image: nginx, pid: "service:db"}\n  db: {image: nginx, pid: host}',
      finds: ['host-pid', 'db host-pid'],
      only: 2,
    },
    {
      yaml: 'services:\n  web: {image: nginx, network_mode: "service:db"}\n  db: {image: nginx, network_mode: host}',
      finds: ['host-network', 'db host-network'],
    },
    {
      yaml: 'services:\n  web: {image: nginx, networks: [h]}\nnetworks:\n  h: {external: true, name: host}\nversion: "3.8"',
      finds: ['host-network'],
    },
    {
      yaml: 'services:\n  web: {image: nginx}\nnetworks:\n  default: {external: true, name: host}\nversion: "3.8"',
      finds: ['host-network'],
    },
    {
      yaml: 'services:\n  web: {image: nginx, networks: {host: {}}}\nnetworks:\n  host: {external: true}\nversion: "3.8"',
      finds: ['host-network'],
    },
    {
      yaml: 'services:\n  web: {image: nginx, networks: [h]}\nnetworks:\n  h: {external: {name: host}}\nversion: "3.8"',
      finds: ['host-network'],
    },
    { yaml: 'services:\n  web: {image: nginx}\nnetworks:\n  default: {driver: host}', finds: ['host-network:host'] },
    {
      yaml: 'services:\n  web: {image: nginx}\nnetworks:\n  default: {driver: macvlan, driver_opts: {parent: eth0}}',
      finds: ['host-network:macvlan eth0'],
    },
    { yaml: 'services:\n  web: {image: nginx}\nnetworks:\n  default: {driver: ipvlan}', finds: ['host-network:ipvlan'] },
    {
      yaml: 'services:\n  web: {image: nginx}\nnetworks:\n  default: {driver_opts: {com.docker.network.bridge.name: br0}}',
      finds: ['host-network:bridge br0'],
    },
    {
      yaml: 'services:\n  web: {image: nginx}\nnetworks:\n  default: {ipam: {config: [{subnet: 1.1.1.0/24}]}}',
      finds: ['host-network:subnet 1.1.1.0/24'],
    },
    { yaml: 'build: {context: ., network: host}', finds: ['host-network:build'] },
  ],
  'container-namespace': [
    { yaml: 'network_mode: "container:abc"', finds: ['container-namespace:network_mode container:abc'] },
    { yaml: 'pid: "container:abc"', finds: ['container-namespace:pid container:abc'] },
    { yaml: 'ipc: "container:abc"', finds: ['container-namespace:ipc container:abc'] },
    { yaml: 'build: {context: ., network: "container:abc"}', finds: ['container-namespace:build container:abc'] },
  ],
  'docker-socket': [
    { yaml: 'volumes: ["/var/run/docker.sock:/var/run/docker.sock"]', finds: ['docker-socket:/run/docker.sock'] },
    { yaml: 'volumes: ["/run/docker.sock:/s:ro"]', finds: ['docker-socket:/run/docker.sock'] },
    { yaml: 'volumes: ["/var/run/../../run/./docker.sock:/s"]', finds: ['docker-socket:/run/docker.sock'] },
    { yaml: 'volumes: ["/proc/self/root/run/docker.sock:/s"]', finds: ['docker-socket:/run/docker.sock'] },
    { yaml: 'volumes: ["./socket:/s"]', finds: ['docker-socket:/run/docker.sock'] },
    { yaml: 'volumes: [{type: bind, source: /var/run/docker.sock, target: /s}]', finds: ['docker-socket:/run/docker.sock'] },
    { yaml: 'volumes: ["${S:-/var/run/docker.sock}:/s"]', finds: ['docker-socket:/run/docker.sock'] },
    { yaml: 'secrets: [s]\nSECRETS /var/run/docker.sock', finds: ['docker-socket:/run/docker.sock'] },
    {
      yaml: 'services:\n  web: {image: nginx, volumes: ["vol:/d"]}\nvolumes:\n  vol: {driver_opts: {type: none, o: bind, device: /run/docker.sock}}',
      finds: ['docker-socket:/run/docker.sock'],
    },
    { yaml: 'volumes: ["/run/containerd/containerd.sock:/s"]', finds: ['docker-socket:/run/containerd/containerd.sock'] },
  ],
  'bind-mount': [
    { yaml: 'volumes: ["/:/host"]', finds: ['bind-mount:/'] },
    { yaml: 'volumes: ["/:/host:ro"]', finds: ['bind-mount:/:ro'] },
    { yaml: 'volumes: ["//:/host"]', finds: ['bind-mount:/'] },
    { yaml: 'volumes: ["/etc/..:/host"]', finds: ['bind-mount:/'] },
    { yaml: 'volumes: ["${ROOT:-/}:/host"]', finds: ['bind-mount:/'] },
    { yaml: 'volumes: ["${ROOT-/}:/host"]', finds: ['bind-mount:/'] },
    { yaml: 'volumes: ["${ROOT}:/host"]', finds: ['bind-mount:/'], variables: { ROOT: '/' } },
    { yaml: 'volumes: ["/proc/self/root:/host"]', finds: ['bind-mount:/'] },
    { yaml: 'volumes: ["/proc/1/root/:/host"]', finds: ['bind-mount:/'] },
    { yaml: 'volumes: ["/proc/thread-self/root/etc:/host"]', finds: ['bind-mount:/etc'] },
    { yaml: 'volumes: ["./proc-link/self/root/etc:/host"]', finds: ['bind-mount:/etc'] },
    { yaml: 'volumes: ["/proc/self/cwd:/host"]', finds: ['bind-mount:/proc/self/cwd'] },
    { yaml: 'volumes: ["/etc:/host"]', finds: ['bind-mount:/etc'] },
    { yaml: 'volumes: ["/etc/:/host:rw"]', finds: ['bind-mount:/etc'] },
    { yaml: 'volumes: [{type: bind, source: /etc, target: /host}]', finds: ['bind-mount:/etc'] },
    { yaml: 'volumes: [{type: bind, source: /etc, target: /host, read_only: true}]', finds: ['bind-mount:/etc:ro'] },
    { yaml: 'volumes: [{type: bind, source: /etc, target: /host, bind: {propagation: rshared}}]', finds: ['bind-mount:/etc'] },
    { yaml: 'volumes: ["./etc-link:/host"]', finds: ['bind-mount:/etc'] },
    { yaml: 'volumes: ["./data/../etc-link:/host"]', finds: ['bind-mount:/etc'] },
    { yaml: 'volumes: ["./link-to-link:/host"]', finds: ['bind-mount:/etc'] },
    { yaml: 'volumes: ["./etc-link/not-there/yet:/host"]', finds: ['bind-mount:/etc/not-there/yet'] },
    { yaml: 'volumes: ["../:/host"]', finds: ['bind-mount:PARENT'] },
    { yaml: 'volumes: ["./..:/host"]', finds: ['bind-mount:PARENT'] },
    { yaml: 'volumes: ["../other:/host"]', finds: ['bind-mount:PARENT/other'] },
    { yaml: 'volumes: ["DIR-other:/host"]', finds: ['bind-mount:DIR-other'] },
    { yaml: 'volumes: ["~/x:/host"]', finds: ['bind-mount:HOME/x'] },
    { yaml: 'volumes: ["/not/there:/host"]', finds: ['bind-mount:/not/there'] },
    { yaml: 'x-v: &v ["/etc:/host"]\nversion: "3.8"\nservices:\n  web: {image: nginx, volumes: *v}', finds: ['bind-mount:/etc'] },
    { yaml: 'extends: {file: ./mount.yaml, service: base}', finds: ['bind-mount:/etc'] },
    {
      yaml: 'services:\n  web: {image: nginx, volumes: ["vol:/d"]}\nvolumes:\n  vol: {driver_opts: {type: none, o: bind, device: /etc}}',
      finds: ['bind-mount:/etc'],
    },
    {
      yaml: 'services:\n  web: {image: nginx, volumes: ["vol:/d"]}\nvolumes:\n  vol: {driver: local, driver_opts: {type: tmpfs, o: "rw, rbind", device: /etc/}}',
      finds: ['bind-mount:/etc'],
    },
    {
      yaml: 'services:\n  web: {image: nginx, volumes: [{type: volume, source: vol, target: /d}]}\nvolumes:\n  vol: {driver_opts: {o: bind, device: "${D:-/etc}"}}',
      finds: ['bind-mount:/etc'],
    },
    {
      yaml: 'services:\n  web: {image: nginx, volumes: ["vol:/d"]}\nvolumes:\n  vol: {name: other, driver_opts: {type: none, o: bind, device: DIR/etc-link}}',
      finds: ['bind-mount:/etc'],
    },
    {
      yaml: 'services:\n  web: {image: nginx, volumes_from: [db]}\n  db: {image: nginx, volumes: ["/etc:/host"]}',
      finds: ['bind-mount:/etc', 'db bind-mount:/etc'],
      only: 2,
    },
    {
      yaml: 'version: "2.4"\nservices:\n  web: {image: nginx, volumes_from: [db]}\n  db: {image: nginx, volumes: ["/etc:/host"]}',
      finds: ['bind-mount:/etc', 'db bind-mount:/etc'],
    },
  ],
  'volume-driver': [
    {
      yaml: 'services:\n  web: {image: nginx, volumes: ["vol:/d"]}\nvolumes:\n  vol: {driver: local-persist}',
      finds: ['volume-driver:local-persist'],
    },
    {
      yaml: 'services:\n  web: {image: nginx, volumes: ["vol:/d"]}\nvolumes:\n  vol: {driver_opts: {type: nfs, o: "addr=10.0.0.1,rw", device: ":/export"}}',
      finds: ['volume-driver:nfs :/export addr=10.0.0.1'],
    },
    {
      yaml: 'services:\n  web: {image: nginx, volumes: ["vol:/d"]}\nvolumes:\n  vol: {driver_opts: {type: NFS, o: "rw,addr=10.0.0.1", device: ":/export"}}',
      finds: ['volume-driver:nfs :/export addr=10.0.0.1'],
    },
    {
      yaml: 'services:\n  web: {image: nginx, volumes: ["vol:/d"]}\nvolumes:\n  vol: {driver_opts: {type: cifs, o: "username=a,password=hidden", device: "//server/share"}}',
      finds: ['volume-driver:cifs //server/share'],
    },
    {
      yaml: 'services:\n  web: {image: nginx, volumes: ["vol:/d"]}\nvolumes:\n  vol: {driver_opts: {type: ext4, device: /dev/sda1}}',
      finds: ['volume-driver:ext4 /dev/sda1'],
    },
    {
      yaml: 'services:\n  web: {image: nginx, volumes: ["vol:/d"]}\nvolumes:\n  vol: {driver_opts: {type: proc, device: proc}}',
      finds: ['volume-driver:proc proc'],
    },
  ],
  device: [
    { yaml: 'devices: [/dev/sda]', finds: ['device:/dev/sda'] },
    { yaml: 'devices: ["/dev/sda:/dev/xvda:rwm"]', finds: ['device:/dev/sda'] },
    { yaml: 'devices: ["/dev/../dev/sda:/dev/xvda"]', finds: ['device:/dev/sda'] },
    { yaml: 'devices: ["/dev/sda:/dev/sda:r"]', finds: ['device:/dev/sda:r'] },
    { yaml: 'devices: ["${D:-/dev/kvm}"]', finds: ['device:/dev/kvm'] },
    { yaml: 'device_cgroup_rules: ["c 1:* rmw"]', finds: ['device:rule c 1:* rmw'] },
    { yaml: 'device_cgroup_rules: ["a *:* rwm"]', finds: ['device:rule a *:* rwm'] },
    { yaml: 'deploy: {resources: {reservations: {devices: [{capabilities: [gpu], driver: nvidia}]}}}', finds: ['device:gpu nvidia'] },
  ],
  capability: [
    { yaml: 'cap_add: [SYS_ADMIN]', finds: ['capability:SYS_ADMIN'] },
    { yaml: 'cap_add: [CAP_SYS_ADMIN]', finds: ['capability:SYS_ADMIN'] },
    { yaml: 'cap_add: [sys_admin]', finds: ['capability:SYS_ADMIN'] },
    { yaml: 'cap_add: [cap_Sys_Admin]', finds: ['capability:SYS_ADMIN'] },
    { yaml: 'cap_add: ["${C:-SYS_ADMIN}"]', finds: ['capability:SYS_ADMIN'] },
    { yaml: 'cap_add: [ALL]', finds: ['capability:ALL'] },
    { yaml: 'cap_add: [all]', finds: ['capability:ALL'] },
    { yaml: 'cap_add: [NET_ADMIN, SYS_PTRACE]', finds: ['capability:NET_ADMIN', 'capability:SYS_PTRACE'] },
  ],
  'security-opt': [
    { yaml: 'security_opt: ["seccomp:unconfined"]', finds: ['security-opt:seccomp=unconfined'] },
    { yaml: 'security_opt: ["seccomp=unconfined"]', finds: ['security-opt:seccomp=unconfined'] },
    { yaml: 'security_opt: ["apparmor:unconfined"]', finds: ['security-opt:apparmor=unconfined'] },
    { yaml: 'security_opt: ["systempaths=unconfined"]', finds: ['security-opt:systempaths=unconfined'] },
    { yaml: 'security_opt: ["label:disable"]', finds: ['security-opt:label=disable'] },
    { yaml: 'security_opt: ["no-new-privileges:false"]', finds: ['security-opt:no-new-privileges=false'] },
    { yaml: 'runtime: nvidia', finds: ['security-opt:runtime=nvidia'] },
    {
      yaml: 'annotations: {org.systemd.property.DevicePolicy: auto}',
      finds: ['security-opt:annotation org.systemd.property.DevicePolicy=auto'],
      only: 2,
    },
  ],
  sysctl: [
    { yaml: 'sysctls: {net.core.somaxconn: 1024}', finds: ['sysctl:net.core.somaxconn=1024'] },
    { yaml: 'sysctls: ["net.core.somaxconn=1024"]', finds: ['sysctl:net.core.somaxconn=1024'] },
    { yaml: 'sysctls: ["net.ipv4.ip_forward=${F:-1}"]', finds: ['sysctl:net.ipv4.ip_forward=1'] },
  ],
  'host-file': [
    { yaml: 'secrets: [s]\nSECRETS /etc/passwd', finds: ['host-file:/etc/passwd'] },
    { yaml: 'secrets: [{source: s, target: x}]\nSECRETS /etc/../etc/passwd', finds: ['host-file:/etc/passwd'] },
    { yaml: 'secrets: [s]\nSECRETS ./passwd-link', finds: ['host-file:/etc/passwd'] },
    { yaml: 'secrets: [s]\nSECRETS ${F:-/etc/passwd}', finds: ['host-file:/etc/passwd'] },
    { yaml: 'configs: [s]\nCONFIGS /etc/passwd', finds: ['host-file:/etc/passwd'] },
    { yaml: 'build: {context: ., secrets: [s]}\nSECRETS /etc/passwd', finds: ['host-file:/etc/passwd'], only: 2 },
    { yaml: 'env_file: /etc/passwd', finds: ['host-file:/etc/passwd'], refused: true },
    { yaml: 'env_file: [web.env, /etc/environment-of-others]', finds: ['host-file:/etc/environment-of-others'], refused: true },
    { yaml: 'env_file: ["../../../../../../../../etc/passwd"]', finds: ['host-file:/etc/passwd'], refused: true },
    { yaml: 'env_file: ./passwd-link', finds: ['host-file:/etc/passwd'], refused: true },
    { yaml: 'env_file: "${F:-/etc/passwd}"', finds: ['host-file:/etc/passwd'], refused: true },
    { yaml: 'env_file: "$F"', finds: ['host-file:/etc/passwd'], variables: { F: '/etc/passwd' }, refused: true },
    { yaml: 'env_file: "${F:-${G:-/etc/passwd}}"', finds: ['host-file:${F:-${G:-/etc/passwd}}'], refused: true },
    { yaml: 'env_file: !!binary L2V0Yy9wYXNzd2Q=', finds: ['host-file:/etc/passwd'], refused: true },
    { yaml: 'env_file: [{path: /etc/passwd, required: false}]', finds: ['host-file:/etc/passwd'], only: 2, refused: true },
    { yaml: 'label_file: /etc/passwd', finds: ['host-file:/etc/passwd'], refused: true },
    {
      yaml: 'x-f: &f /etc/passwd\nversion: "3.8"\nservices:\n  web: {image: nginx, env_file: [*f]}',
      finds: ['host-file:/etc/passwd'],
      refused: true,
    },
    {
      yaml: 'x-f: &f {env_file: /etc/passwd}\nversion: "3.8"\nservices:\n  web: {<<: *f, image: nginx}',
      finds: ['host-file:/etc/passwd'],
      refused: true,
    },
    {
      yaml: 'x-f: &f {web: {image: nginx, env_file: /etc/passwd}}\nversion: "3.8"\nservices:\n  <<: *f',
      finds: ['host-file:/etc/passwd'],
      refused: true,
    },
    { yaml: 'extends: {file: ./reads.yaml, service: base}', finds: ['base host-file:/etc/passwd'], refused: true },
    {
      yaml: 'services:\n  web:\n    image: nginx # a comment\u2028    env_file: /etc/passwd',
      finds: ['host-file:/etc/passwd'],
      refused: true,
    },
    {
      yaml: 'logging: {driver: syslog, options: {syslog-address: "unixgram:///dev/log"}}',
      finds: ['host-file:logging syslog-address=unixgram:///dev/log'],
    },
    { yaml: 'build: {context: ., ssh: [default]}', finds: ['host-file:ssh default'], only: 2 },
    { yaml: 'credential_spec: {file: some.json}', finds: ['host-file:credential_spec file=some.json'] },
  ],
  'build-context': [
    { yaml: 'build: /etc', finds: ['build-context:/etc'] },
    { yaml: 'build: {context: ../other}', finds: ['build-context:PARENT/other'] },
    { yaml: 'build: {context: ./etc-link}', finds: ['build-context:/etc'] },
    { yaml: 'build: {context: ., dockerfile: /etc/passwd}', finds: ['build-context:/etc/passwd'] },
    { yaml: 'build: {context: ., dockerfile: passwd-link}', finds: ['build-context:/etc/passwd'] },
    { yaml: 'build: {context: "${C:-/etc}"}', finds: ['build-context:/etc'] },
    { yaml: 'build: {context: ., additional_contexts: {a: /etc, b: "docker-image://x"}}', finds: ['build-context:/etc'], only: 2 },
    { yaml: 'build: {context: ., cache_to: ["type=local,dest=/etc"]}', finds: ['build-context:/etc'], only: 2 },
  ],
  'volumes-from': [
    { yaml: 'version: "2.4"\nservices:\n  web: {image: nginx, volumes_from: ["container:abc:ro"]}', finds: ['volumes-from:container:abc'] },
    { yaml: 'version: "2.4"\nservices:\n  web: {image: nginx, volumes_from: ["container:abc"]}', finds: ['volumes-from:container:abc'] },
  ],
  'external-include': [
    { yaml: 'extends: {file: /etc/other.yaml, service: a}', finds: ['external-include:/etc/other.yaml'], refused: true },
    { yaml: 'extends: {file: ../other/compose.yaml, service: a}', finds: ['external-include:PARENT/other/compose.yaml'], refused: true },
    { yaml: 'extends: {file: ./passwd-link, service: a}', finds: ['external-include:/etc/passwd'], refused: true },
    { yaml: 'extends: {file: "oci://x/y:1", service: a}', finds: ['external-include:oci://x/y:1'], refused: true },
    { yaml: 'include: [/etc/other.yaml]\nservices:\n  web: {image: nginx}', finds: ['external-include:/etc/other.yaml'], refused: true },
    { yaml: 'include: "oci://docker.io/x/y:1"', finds: ['external-include:oci://docker.io/x/y:1'], refused: true },
    { yaml: 'include: ["https://github.com/x/y.git"]', finds: ['external-include:https://github.com/x/y.git'], refused: true },
    { yaml: 'include: ["git@github.com:x/y.git"]', finds: ['external-include:git@github.com:x/y.git'], refused: true },
    { yaml: 'include: [{path: ../../etc/x.yaml}]', finds: ['external-include:GRAND/etc/x.yaml'], refused: true },
    { yaml: 'include: [{path: [extra.yaml, /etc/x.yaml]}]', finds: ['external-include:/etc/x.yaml'], refused: true },
    { yaml: 'include: [{path: extra.yaml, env_file: /etc/passwd}]', finds: ['host-file:/etc/passwd'], refused: true },
    {
      yaml: 'include: [{path: extra.yaml, project_directory: /etc}]',
      finds: ['external-include:/etc'],
      refused: true,
    },
    { yaml: 'include: ["${I:-/etc/x.yaml}"]', finds: ['external-include:/etc/x.yaml'], refused: true },
    { yaml: 'include: [reads.yaml]', finds: ['base host-file:/etc/passwd'], refused: true },
    { yaml: 'include: [includes.yaml]', finds: ['external-include:/etc/x.yaml'], refused: true },
  ],
}

export const files: Record<string, string> = {
  'base.yaml': 'version: "3.8"\nservices:\n  base: {image: nginx, env_file: ./web.env}\n',
  'extra.yaml': 'services:\n  extra: {image: nginx}\n',
  'privileged.yaml': 'version: "3.8"\nservices:\n  base: {image: nginx, privileged: true}\n',
  'mount.yaml': 'version: "3.8"\nservices:\n  base: {image: nginx, volumes: ["/etc:/host"]}\n',
  'reads.yaml': 'version: "3.8"\nservices:\n  base: {image: nginx, env_file: /etc/passwd}\n',
  'includes.yaml': 'include: [/etc/x.yaml]\nservices:\n  more: {image: nginx}\n',
  'web.env': 'A=1\n',
  '.env': 'Z=1\n',
  'secret.txt': 'x\n',
  'context/Dockerfile': 'FROM scratch\n',
  Dockerfile: 'FROM scratch\n',
  'data/keep': '',
}

export const links: Record<string, string> = {
  'etc-link': '/etc',
  'link-to-link': 'data/../etc-link',
  'passwd-link': '/etc/passwd',
  'proc-link': '/proc',
  socket: '/var/run/docker.sock',
}

export const fileOf = ({ yaml }: PolicyCase): string => {
  if (/^(services|include|x-|version)/.test(yaml)) return yaml
  const below = yaml
    .replace(/\nVOLUMES$/, '')
    .replace(/\n(SECRETS|CONFIGS) .*$/, '')
    .split('\n')
    .map((line) => `    ${line}`)
  const [, kind, file] = /\n(SECRETS|CONFIGS) (.*)$/.exec(yaml) ?? []
  const shared = kind ? `\n${kind.toLowerCase()}:\n  s: {file: "${file}"}` : ''
  const named = yaml.endsWith('VOLUMES') ? '\nvolumes: {data: {}}' : ''
  const image = /^(image|extends):/.test(yaml) ? '' : '    image: nginx\n'
  return web(`version: "3.8"\nservices:\n  web:\n${image}${below.join('\n')}${shared}${named}\n`)
}
