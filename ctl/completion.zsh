#compdef sipwarden
# SPDX-License-Identifier: GPL-2.0-or-later
# zsh completion for sipwarden(8)

# The first column of a table that the command prints.
_sipwarden_column() {
	local -a found
	found=(${(f)"$(_call_program $1 sipwarden $2 2>/dev/null | awk 'NR > 1 { print $1 }')"})
	_wanted $1 expl ${1//-/ } compadd -a found
}

_sipwarden_banned() { _sipwarden_column banned-address list }
_sipwarden_filters() { _sipwarden_column filter 'filter list' }
_sipwarden_filters_by_comma() { compset -P '*,'; _sipwarden_filters }

# NAME=FILE; the name is one of the configuration.
_sipwarden_input() {
	if compset -P '*='; then
		_files
	else
		_message 'name of an input, "=", and its log or "journal"'
	fi
}

_sipwarden_commands() {
	local -a commands=(
		'status:are you protected, what is wrong, what to do'
		'metrics:the same for Prometheus'
		'list:all bans'
		'show:why an address is banned'
		'explain:why an address is not banned'
		'alerts:what an admin should look after'
		'calls:who calls where'
		'ban:ban by hand'
		'unban:lift bans'
		'exempt:addresses and networks that are never banned'
		'reload:read config and filters again'
		'flush:lift all bans and remove the nftables table'
		'firewall:limits of packets to the SIP ports'
		'pause:enforce nothing, at once; go on counting'
		'resume:enforce again'
		'check:look for mistakes in config and filters'
		'audit:weak passwords, open doors and missing logs of the gateway'
		'simulate:whom a configuration would have banned'
		'number:what a dialled number is'
		'dispatch:start the unit for frauds'
		'monitor:bans, lifts and alerts as they happen'
		'filter:the filters there are; test, match, new ones'
	)
	_describe -t commands command commands
}

_sipwarden_exempt() {
	local state line
	local -a verbs=('list:what is exempt, and why' 'add:exempt from now on' 'remove:take that back')
	_arguments -C $common '--reason=[why]:text: ' '1:verb:->verb' '*:address or network: ' && return
	[[ $state == verb ]] && _describe -t verbs verb verbs
}

_sipwarden_filter() {
	local state line
	local -a shared=($common '*--filter-dir=[filters from here]:directory:_files -/') verbs=(
		'list:the filters there are' 'test:run their examples' 'lint:attack them'
		'match:what they make of log lines' 'new:begin one' 'import:turn one of fail2ban into one of ours'
	)
	_arguments -C $shared '1:verb:->verb' '*:: :->arguments' && return
	if [[ $state == verb ]]; then
		_describe -t verbs verb verbs
		return
	fi
	case $line[1] in
	test | lint) _arguments $shared '*: :_sipwarden_filters' ;;
	match) _arguments $shared '--near=-[where lines stopped that do not match]::when:(never)' \
		'1: :_sipwarden_filters_by_comma' '*:log:_files' ;;
	new) _arguments $shared '*--line=[of a log]:line: ' "*--address=[the sender's in the line]:address: " \
		'--class=[what the line is evidence of]:class: ' '--output=[write it there]:file:_files' '1:name: ' ;;
	import) _arguments $shared '--name=[of the new filter]:name: ' '--output=[write it there]:file:_files' \
		'--log=[its lines become examples]:file:_files' '*--set=[as in jail.conf]:variable=value: ' \
		'1:filter of fail2ban:_files' ;;
	*) _arguments $shared ;;
	esac
}

_sipwarden() {
	local curcontext=$curcontext state line
	typeset -A opt_args
	local -a common=(
		'(-c --config)'{-c,--config=}'[configuration]:file:_files'
		'--socket=[control socket]:file:_files'
		'--json[JSON instead of text]'
		'(-h --help)'{-h,--help}'[help, also of a command]'
	)
	_arguments -C $common '(- *)--version[the version]' '1: :_sipwarden_commands' '*:: :->arguments' && return
	case $line[1] in
	list) _arguments $common '(--limited)--enforced[leave out what is only observed]' '(--enforced)--limited[who sends too much]' ;;
	firewall) _arguments $common '1:what:(show plan on off)' ;;
	show | explain) _arguments $common '1: :_sipwarden_banned' ;;
	unban) _arguments $common '(*)--all[lift all bans]' '*: :_sipwarden_banned' ;;
	ban) _arguments $common '--for=[how long, as 2h or 1d12h]:span: ' '--reason=[why]:text: ' '1:address or network: ' ;;
	pause) _arguments $common '--reason=[why]:text: ' ;;
	simulate) _arguments $common '*'{-i,--input=}'[a log of an input]: :_sipwarden_input' \
		'--since=[only lines from then]:when: ' '--until=[only lines up to then]:when: ' \
		'--against=[compare with this configuration]:file:_files' \
		'--seen=[addresses that really sent packets]:file:_files' '--summary[a summary, also with --json]' ;;
	number) _arguments $common '--country=[as dialled from there]:country: ' \
		'--outside=[digits for an outside line]:digits: ' '*:number: ' ;;
	audit) _arguments $common '--html[a page instead of text]' '--baseline=[findings that are accepted]:file:_files' \
		'--accept[write the baseline]' '--reason=[why they are accepted]:text: ' \
		'--state=[what was found the last time]:directory:_files -/' \
		'--root=[a copy of a machine]:directory:_files -/' '--asterisk=[its directory]:directory:_files -/' \
		'--freeswitch=[its directory]:directory:_files -/' '--kamailio=[its script]:file:_files' \
		'--opensips=[its script]:file:_files' '1:what:(gateway tls ports all)' '*:listener, as 192.0.2.1\:5061: ' ;;
	exempt) _sipwarden_exempt ;;
	filter) _sipwarden_filter ;;
	*) _arguments $common ;;
	esac
}

_sipwarden "$@"
