# SPDX-License-Identifier: GPL-2.0-or-later
# bash completion for sipwarden(8)

_sipwarden_banned() {
	sipwarden list 2>/dev/null | awk 'NR > 1 { print $1 }'
}

_sipwarden() {
	local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD - 1]} command= word i
	for ((i = 1; i < COMP_CWORD; i++)); do
		word=${COMP_WORDS[i]}
		case $word in
		--config | --socket | -c) ((i++)) ;;
		-*) ;;
		*)
			command=$word
			break
			;;
		esac
	done
	case $prev in
	--config | --socket | -c | --filter-dir | --output | --against | --seen | --baseline | --state | --root | --asterisk | --freeswitch | --kamailio | --opensips)
		mapfile -t COMPREPLY < <(compgen -f -- "$cur")
		return
		;;
	esac
	case $command in
	'') word="status metrics list show explain alerts calls ban unban exempt firewall pause resume reload flush check audit simulate number dispatch monitor filter --config --socket --json --help --version" ;;
	list) word="--enforced --limited --json" ;;
	firewall) word="show plan on off --json" ;;
	show | explain) word="$(_sipwarden_banned) --json" ;;
	pause) word="--reason --json" ;;
	unban) word="$(_sipwarden_banned) --all --json" ;;
	ban) word="--for --reason --json" ;;
	exempt) word="list add remove --reason --json" ;;
	filter) word="list test lint match new import --near --line --address --class --output --filter-dir --name --log --set --json $(sipwarden filter list 2>/dev/null | awk 'NR > 1 { print $1 }')" ;;
	audit) word="gateway tls ports all --state --html --baseline --accept --reason --root --asterisk --freeswitch --kamailio --opensips --json" ;;
	number) word="--country --outside --json" ;;
	simulate) word="--input --since --until --against --seen --summary --json" ;;
	*) word="--json" ;;
	esac
	mapfile -t COMPREPLY < <(compgen -W "$word" -- "$cur")
}
complete -F _sipwarden sipwarden
