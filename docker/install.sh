#!/bin/sh
# Installs Selfhostly on this server, upgrades it or removes it. It needs Docker with Compose; everything else is in the image.
#
#   sh install.sh                                           a primary, in a container
#   sh install.sh --primary URL --join-token TOKEN          a secondary, which joins the primary at URL
#   sh install.sh                                           again, at any time: upgrades; settings and data stay
#   sh install.sh --uninstall                               removes what this script made; settings, data and apps stay
#
#   --image NAME:TAG      the image to install; without it, the one that printed this script, else the installed one
#   --systemd             a systemd service on the server's own Docker, instead of a container
#   --port PORT           8080 unless given
#   --name NAME           what this node is called; the host name unless given
#   --endpoint URL        where the primary reaches this node; on a secondary, the address it calls from unless given
#   --dir FOLDER          for settings (.env), data and apps; /srv/selfhostly unless given
#   --service NAME        of container or unit and command, for a second node on one server; selfhostly unless given
#   --user NAME           with --systemd, whom it runs as; selfhostly unless given, and made if there is no such user
#   --no-start            only writes the files
#   --delete-data         with --uninstall, also deletes settings and data: keys, accounts, history. Never apps and their folders
#
# It writes: FOLDER/.env (once), FOLDER/compose.yaml or FOLDER/program and a unit in /etc/systemd/system, and /usr/local/bin/selfhostly.
set -eu

default_image=''
unit_dir=${UNIT_DIR:-/etc/systemd/system}
bin_dir=${BIN_DIR:-/usr/local/bin}
# Docker's usual socket, or the one that DOCKER_HOST names.
socket=/var/run/docker.sock
case "${DOCKER_HOST:-}" in unix://*) socket=${DOCKER_HOST#unix://} ;; esac

main() {
  read_options "$@"
  if [ "$uninstalls" = yes ]; then
    uninstall
    return
  fi
  check_docker
  choose_image
  choose_way
  check_joining
  get_image
  examine
  write_settings
  if [ "$way" = systemd ]; then write_service; else write_compose_file; fi
  if [ "$starts" = no ]; then
    say "Everything is in $dir. Nothing was started."
    return
  fi
  if [ "$way" = systemd ]; then start_service; else start_container; fi
  wait_until_healthy
  report
}

say() { printf '%s\n' "$*"; }
warn() { printf '! %s\n' "$*" >&2; }
die() {
  printf '\nselfhostly: %s\n' "$1" >&2
  shift
  for line in "$@"; do printf '  %s\n' "$line" >&2; done
  exit 1
}

read_options() {
  image='' primary='' join_token='' port='' name='' endpoint='' way='' service=selfhostly user=selfhostly dir=''
  starts=yes uninstalls=no deletes_data=no
  while [ $# -gt 0 ]; do
    case "$1" in
      --image | --primary | --join-token | --port | --name | --endpoint | --dir | --service | --user)
        [ -n "${2:-}" ] || die "$1 needs a value."
        case "$1" in
          --image) image=$2 ;;
          --primary) primary=${2%/} ;;
          --join-token) join_token=$2 ;;
          --port) port=$2 ;;
          --name) name=$2 ;;
          --endpoint) endpoint=$2 ;;
          --dir) dir=$2 ;;
          --service) service=$2 ;;
          --user) user=$2 ;;
        esac
        shift 2
        continue
        ;;
      --systemd) way=systemd ;;
      --no-start) starts=no ;;
      --uninstall) uninstalls=yes ;;
      --delete-data) deletes_data=yes ;;
      -h | --help)
        say "Usage: sh install.sh [--image NAME:TAG] [--primary URL --join-token TOKEN] [--systemd] [--uninstall]"
        say "The beginning of the script lists all options."
        exit 0
        ;;
      *) die "There is no option $1." "The beginning of this script lists all options." ;;
    esac
    shift
  done
  dir=${dir:-/srv/$service}
  case "$dir" in /*) ;; *) die "--dir must be an absolute path, not $dir." ;; esac
  case "$dir$image$user" in *[!a-zA-Z0-9_./:@-]*) die "--dir, --image and --user can have letters, digits and _ . / : @ - only." ;; esac
  case "$service" in *[!a-zA-Z0-9_-]*) die "--service can have letters, digits, _ and - only." ;; esac
  case "$primary$endpoint" in *[!a-zA-Z0-9_./:@%+=~,\[\]-]*) die "--primary and --endpoint must be URLs without spaces and quotes." ;; esac
  case "$port" in *[!0-9]*) die "--port must be a number, not $port." ;; esac
  case "$primary" in '' | http://* | https://*) ;; *) die "--primary must be a URL such as http://192.168.1.10:8080, not $primary." ;; esac
  [ -z "$join_token" ] || [ -n "$primary" ] || die "--join-token needs --primary: the URL of the primary that made the token."
  [ "$deletes_data" = no ] || [ "$uninstalls" = yes ] || die "--delete-data is only for --uninstall. Nothing was changed."
  unit=$unit_dir/$service.service
  command=$bin_dir/$service
}

# ---- what has to be there

check_docker() {
  command -v docker >/dev/null || die "Docker is not installed." \
    "https://docs.docker.com/engine/install/ says how. Most distributions also have it: apt-get install docker.io docker-compose"
  answer=$(docker info --format '{{.ServerVersion}}' 2>&1) || die "Docker does not answer: $answer" \
    "Is it running? systemctl start docker" "May you use it? Run this script as root: sudo sh install.sh"
  if docker compose version >/dev/null 2>&1; then
    compose='docker compose'
  elif command -v docker-compose >/dev/null; then
    compose=docker-compose
  else
    die "Docker's Compose plugin is not installed." "apt-get install docker-compose-plugin (Docker's packages) or docker-compose (Debian's)"
  fi
  [ -S "$socket" ] || die "There is no socket $socket." "This script installs only where Docker runs on the server itself, not rootless."
}

choose_image() {
  [ -n "$image" ] || image=$default_image
  [ -n "$image" ] || image=$(sed -n 's/^ *image: *//p' "$dir/compose.yaml" 2>/dev/null || true)
  [ -n "$image" ] || image=$(sed -n 's/^Environment=SELFHOSTLY_IMAGE=//p' "$unit" 2>/dev/null || true)
  [ -n "$image" ] || die "Which image? Say it with --image NAME:TAG." "docs/install.md says where images come from."
}

# A server keeps the way in which it was installed.
choose_way() {
  if [ -f "$dir/compose.yaml" ]; then
    [ "$way" != systemd ] || die "Selfhostly is installed here as a container. Nothing was changed." \
      "First remove that (settings and data stay): sh install.sh --uninstall"
    way=compose
  elif [ -f "$unit" ]; then
    way=systemd
  fi
  [ -n "$way" ] || way=compose
  [ "$way" != systemd ] || [ "$starts" = no ] || command -v systemctl >/dev/null || die "There is no systemd on this server." "Leave out --systemd."
  [ "$way" = systemd ] && return
  other=$(docker inspect --format '{{index .Config.Labels "com.docker.compose.project.config_files"}}' "$service" 2>/dev/null) || return 0
  case "$other" in
    "$dir/compose.yaml" | "compose.yaml") ;;
    *) die "There is a container named $service that this script did not make. Nothing was changed." \
      "If it is an older Selfhostly, remove it (its folders stay), and run this again: docker rm -f $service" \
      "If it is something else, choose another name with --service." ;;
  esac
}

# A node that has joined stays where it is, so the same command can be given again.
check_joining() {
  [ -n "$primary" ] || return 0
  if grep -qs '"role": *"primary"' "$dir/data/role.json"; then
    die "This server is a primary: $dir/data has its data. Nothing was changed." \
      "To make it a secondary, let it forget its role, and run this again: $service reset-role"
  fi
  if grep -qs '"primaryId": *"' "$dir/data/primary.json"; then
    say "This server has already joined$(sed -n 's/.*"primaryUrl": *"\([^"]*\)".*/ \1/p' "$dir/data/role.json" 2>/dev/null). Its role, primary and settings stay."
    primary='' join_token=''
  fi
}

get_image() {
  say "Getting $image"
  if ! problem=$(docker pull --quiet "$image" 2>&1); then
    docker image inspect "$image" >/dev/null 2>&1 || die "$image cannot be pulled: $problem" "Check the name, the network, and docker login."
    say "It cannot be pulled, but this server has it: using that."
  fi
}

# Port, clock, disk, and whether the primary can be reached: the image's own doctor looks, from the server's network.
examine() {
  if [ "$(timedatectl show --property NTPSynchronized --value 2>/dev/null)" = no ]; then
    warn "The clock of this server is not synchronized. A node whose clock is wrong cannot join: timedatectl set-ntp true"
  fi
  set -- --rm --network host --volume "$socket:/var/run/docker.sock"
  [ ! -f "$dir/.env" ] || set -- "$@" --env-file "$dir/.env"
  [ -z "$port" ] || set -- "$@" --env "SERVER_ADDRESS=:$port"
  [ -z "$primary" ] || set -- "$@" --env NODE_IS_PRIMARY=false --env "PRIMARY_NODE_URL=$primary"
  findings=$(docker run "$@" "$image" selfhostly doctor 2>&1) || die "This server is not ready. Nothing was changed." "$findings"
  # What is fine, and that it does not run yet, is no news.
  say "$findings" | grep -A 1 '^!' | grep -v -e '^--$' -e 'It is not running' -e 'Start it' || true
}

# ---- what is written

write_settings() {
  is_new=yes
  [ ! -e "$dir/data/identity.json" ] || is_new=no
  (mkdir -p "$dir/apps" && (umask 077 && mkdir -p "$dir/data")) 2>/dev/null || die "$dir cannot be written to." "Run this script as root (sudo sh install.sh), or choose another folder with --dir."
  if [ ! -f "$dir/.env" ]; then
    (umask 077 && say "# Selfhostly's settings; docs/configuration.md has them all. After a change: sh install.sh" >"$dir/.env")
  fi
  [ -z "$port" ] || setting SERVER_ADDRESS ":$port"
  [ -z "$name" ] || setting NODE_NAME "$name"
  [ -z "$endpoint" ] || setting NODE_API_ENDPOINT "$endpoint"
  [ -z "$primary" ] || setting NODE_IS_PRIMARY false
  [ -z "$primary" ] || setting PRIMARY_NODE_URL "$primary"
  [ -z "$join_token" ] || setting JOIN_TOKEN "$join_token"
}

# Sets one line of .env and leaves the others as they are.
setting() {
  ! grep -qxF "$1=$2" "$dir/.env" || return 0
  grep -v "^$1=" "$dir/.env" >"$dir/.env.new" || true
  printf '%s=%s\n' "$1" "$2" >>"$dir/.env.new"
  cat "$dir/.env.new" >"$dir/.env"
  rm "$dir/.env.new"
}

write_compose_file() {
  cat >"$dir/compose.yaml" <<END
# install.sh writes this at each run. Settings belong into .env beside it.
services:
  selfhostly:
    image: $image
    container_name: $service
    restart: unless-stopped
    init: true
    stop_grace_period: 15s
    network_mode: host
    env_file: .env
    environment:
      APPS_DIR: $dir/apps
      SELFHOSTLY_IMAGE: $image
      SELFHOSTLY_COMMAND: $service
    volumes:
      - $socket:/var/run/docker.sock
      - $dir/data:/data
      # The same path inside and outside: Docker resolves apps' bind mounts on the server.
      - $dir/apps:$dir/apps
END
  write_command <<END
#!/bin/sh
# Written by install.sh: runs Selfhostly's commands in its container.
terminal=
[ ! -t 0 ] || [ ! -t 1 ] || terminal=-t
if [ "\${1:-}" = restore ] && [ -f "\${2:-}" ]; then
  set -- --volume "\$(realpath "\$2"):/tmp/backup:ro" $image selfhostly restore /tmp/backup
elif [ "\$(docker inspect --format '{{.State.Status}}' $service 2>/dev/null)" = running ]; then
  exec docker exec -i \$terminal $service selfhostly "\$@"
else
  set -- $image selfhostly "\$@"
fi
exec docker run --rm -i \$terminal --network host --env-file $dir/.env --env APPS_DIR=$dir/apps --env SELFHOSTLY_COMMAND=$service \\
  --volume $socket:/var/run/docker.sock --volume $dir/data:/data --volume $dir/apps:$dir/apps "\$@"
END
}

# The program, with its own Node, comes out of the image.
write_service() {
  # Root has the socket where its group is root's.
  group=$(stat -c %G "$socket")
  [ "$group" != root ] || user=root
  stays_root=$([ "$(id -u "$user" 2>/dev/null)" != 0 ] || say true)
  id "$user" >/dev/null 2>&1 || useradd --system --no-create-home --home-dir "$dir" --shell /usr/sbin/nologin "$user" ||
    die "The user $user cannot be made." "Run this script as root, or choose another user with --user."
  rm -rf "$dir/program.new" "$dir/program.old"
  mkdir "$dir/program.new"
  container=$(docker create "$image")
  docker cp --quiet "$container:/selfhostly/." "$dir/program.new" 2>/dev/null || docker cp "$container:/selfhostly/." "$dir/program.new" >/dev/null
  docker cp -L "$container:/usr/local/bin/node" "$dir/program.new/node" >/dev/null
  docker rm "$container" >/dev/null
  "$dir/program.new/node" --version >/dev/null 2>&1 || die "The image's Node does not run on this server." "It needs glibc. Leave out --systemd to run the container."
  [ ! -d "$dir/program" ] || mv "$dir/program" "$dir/program.old"
  mv "$dir/program.new" "$dir/program"
  rm -rf "$dir/program.old"
  chown -R "$user:" "$dir/data"
  chown "$user:" "$dir/apps" "$dir/.env"
  cat >"$unit" 2>/dev/null <<END || die "$unit cannot be written." "Run this script as root: sudo sh install.sh --systemd"
# install.sh writes this at each run. Settings belong into $dir/.env.
[Unit]
Description=Selfhostly
Wants=network-online.target
After=network-online.target docker.service

[Service]
User=$user
SupplementaryGroups=$group
WorkingDirectory=$dir
Environment=NODE_ENV=production
Environment=DATABASE_PATH=$dir/data/selfhostly.db
Environment=APPS_DIR=$dir/apps
Environment=SELFHOSTLY_IMAGE=$image
Environment=SELFHOSTLY_COMMAND=$service
Environment=DOCKER_HOST=unix://$socket
Environment=RUN_AS_ROOT=$stays_root
ExecStart=$dir/program/node $dir/program/selfhostly.mjs server
Restart=on-failure
RestartSec=5
KillMode=mixed
TimeoutStopSec=15
NoNewPrivileges=yes
PrivateTmp=yes

[Install]
WantedBy=multi-user.target
END
  write_command <<END
#!/bin/sh
# Written by install.sh: runs Selfhostly's commands as the user of its data.
cd $dir || exit 1
export NODE_ENV=production DATABASE_PATH=$dir/data/selfhostly.db APPS_DIR=$dir/apps SELFHOSTLY_IMAGE=$image SELFHOSTLY_COMMAND=$service DOCKER_HOST=unix://$socket RUN_AS_ROOT=$stays_root
exec $dir/program/node $dir/program/selfhostly.mjs "\$@"
END
}

write_command() {
  cat >"$command" 2>/dev/null || die "$command cannot be written." "Run this script as root: sudo sh install.sh"
  chmod 755 "$command"
}

# ---- running it

start_container() {
  # shellcheck disable=SC2086 # one word or two
  (cd "$dir" && $compose --project-name "$service" up --detach --remove-orphans </dev/null)
}

start_service() {
  started=$(date +%s)
  systemctl daemon-reload
  systemctl enable --quiet "$service"
  systemctl restart "$service"
}

logs() {
  if [ "$way" = systemd ]; then journalctl --unit "$service" --since "@$started" --lines 200 --output cat --no-pager; else docker logs --tail 200 "$service" 2>&1; fi
}

is_healthy() {
  if [ "$way" = systemd ]; then
    (cd "$dir" && SERVER_ADDRESS=$(sed -n 's/^SERVER_ADDRESS=//p' .env) "$command" health) 2>/dev/null
  else
    docker exec "$service" selfhostly health </dev/null 2>/dev/null
  fi
}

wait_until_healthy() {
  seconds=0
  until is_healthy; do
    seconds=$((seconds + 1))
    [ "$seconds" -lt 60 ] || die "It did not start within a minute. Its log ends with:" "$(logs | tail -n 15)"
    sleep 1
  done
}

report() {
  say ""
  if grep -qs '"role": *"secondary"' "$dir/data/role.json"; then
    report_joining
  elif [ "$is_new" = yes ] && links=$("$command" link </dev/null); then
    say "Selfhostly runs. To sign in, open one of these within 15 minutes:"
    say "$links"
    say "For another link: $command link"
  else
    say "Selfhostly runs as before, from $image. For a link to sign in: $command link"
  fi
}

report_joining() {
  seconds=0
  until logs | grep -q -e '"joined primary"' -e '"startup heartbeat sent successfully to primary"'; do
    seconds=$((seconds + 1))
    failure=$(logs | grep '"join failed"' | tail -n 1)
    # A wrong token, a taken name and a wrong clock do not mend themselves.
    if [ "$seconds" -ge 20 ] || say "$failure" | grep -q -e '"hop":"token"' -e '"hop":"name"' -e '"hop":"clock"'; then
      reason=$(say "$failure" | sed -n 's/.*"reason":"\([^"]*\)".*/\1/p')
      say "This node runs but has not joined yet${reason:+: $reason}."
      say "It keeps trying. What it does is in its log, and this looks at everything it needs: $command doctor"
      return
    fi
    sleep 1
  done
  say "This node runs, and its primary knows it."
}

# ---- and away

uninstall() {
  if [ -f "$unit" ]; then
    if [ "$starts" = yes ] && command -v systemctl >/dev/null; then systemctl disable --now "$service" || true; fi
    rm -f "$unit"
    [ "$starts" = no ] || ! command -v systemctl >/dev/null || systemctl daemon-reload || true
    rm -rf "$dir/program"
  fi
  if [ -f "$dir/compose.yaml" ]; then
    check_docker
    # shellcheck disable=SC2086 # one word or two
    (cd "$dir" && $compose --project-name "$service" down </dev/null)
    rm -f "$dir/compose.yaml"
  fi
  rm -f "$command"
  if [ "$deletes_data" = yes ]; then
    rm -rf "$dir/data" "$dir/.env"
    rmdir "$dir/apps" "$dir" 2>/dev/null || true
    say "Selfhostly, its settings and its data are gone."
  else
    say "Selfhostly is removed. Settings and data are still in $dir, and installing it again uses them."
  fi
  [ ! -d "$dir/apps" ] || say "Apps keep running. Their folders are in $dir/apps."
}

main "$@"
