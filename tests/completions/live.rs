//! Names that exist when a line is completed: units, routes, sets. The generator knows only words of the command line, so
//! the scripts ask `tailcalld complete-names`.

use clap_complete::Shell;

/// Place in the command line, and the kind of its names.
struct LivePlace {
    command: &'static [&'static str],
    /// Short and long option; `None` for an argument without one.
    option: Option<(&'static str, &'static str)>,
    /// Name of the value, in lower case, that of an argument as the generator has it.
    value: &'static str,
    kind: &'static str,
    is_repeated: bool,
}

const UNIT: Option<(&str, &str)> = Some(("-u", "--unit"));

const PLACES: [LivePlace; 8] = [
    LivePlace {
        command: &["trace"],
        option: None,
        value: "syscalls",
        kind: "syscalls",
        is_repeated: true,
    },
    LivePlace {
        command: &["trace"],
        option: UNIT,
        value: "unit",
        kind: "units",
        is_repeated: false,
    },
    LivePlace {
        command: &["explain"],
        option: None,
        value: "syscall",
        kind: "routes",
        is_repeated: false,
    },
    LivePlace {
        command: &["explain"],
        option: UNIT,
        value: "unit",
        kind: "units",
        is_repeated: false,
    },
    LivePlace {
        command: &["syscalls"],
        option: None,
        value: "group",
        kind: "sets",
        is_repeated: false,
    },
    LivePlace {
        command: &["profile"],
        option: None,
        value: "unit",
        kind: "units",
        is_repeated: false,
    },
    LivePlace {
        command: &["dump"],
        option: None,
        value: "unit",
        kind: "boxes",
        is_repeated: false,
    },
    LivePlace {
        command: &["route", "remove"],
        option: None,
        value: "number",
        kind: "temporary",
        is_repeated: false,
    },
];

/// Adds the names to a script.
pub fn add(shell: Shell, script: String) -> String {
    match shell {
        Shell::Bash => bash(script),
        Shell::Zsh => zsh(script),
        Shell::Fish => fish(script),
        other => panic!("no names for {other}"),
    }
}

/// A function in front of the generated one. It reads the line itself, because bash splits words at `@`, `=` and `:`.
fn bash(script: String) -> String {
    let (mut options, mut arguments) = (String::new(), String::new());
    for place in PLACES {
        let (command, kind) = (place.command.join(" "), place.kind);
        match place.option {
            Some((short, long)) => {
                let pattern = format!("\"{command} \"*\"{short} \" | \"{command} \"*\"{long} \"");
                options += &format!("        {pattern}) kind={kind} ;;\n");
            }
            None => {
                let more = if place.is_repeated { "*" } else { "" };
                arguments += &format!("            \"{command} \"{more}) kind={kind} ;;\n");
            }
        }
    }
    let begin = script.find("if [[ \"${BASH_VERSINFO[0]}\" -eq 4 ").expect("the registration");
    let (function, registration) = script.split_at(begin);
    let registration = registration.replace("-F _tailcalld ", "-F _tailcalld_live ");
    let live = BASH.replace("@options@", &options).replace("@arguments@", &arguments);
    format!("{function}{live}{registration}")
}

const BASH: &str = r#"# Names that exist now, where the line takes them, or else what the generator knows.
_tailcalld_live() {
    local line="${COMP_LINE:0:COMP_POINT}" kind="" word before
    word="${line##*[[:space:]]}"
    before="${line%"$word"}"
    before="${before#*[[:space:]]}"
    if [[ $word == --*=* ]]; then
        before+="${word%%=*} "
        word="${word#*=}"
    fi
    case "$before" in
@options@    esac
    if [[ -z $kind && $word != -* && $before != *[[:space:]]-* ]]; then
        case "$before" in
@arguments@        esac
    fi
    if [[ -z $kind ]]; then
        _tailcalld "$@"
        return
    fi
    mapfile -t COMPREPLY < <(compgen -W "$(tailcalld complete-names $kind 2>/dev/null)" -- "$word")
    COMPREPLY=("${COMPREPLY[@]#"${word%"$2"}"}")
}

"#;

/// A function that the places call instead of the default.
fn zsh(script: String) -> String {
    let (mut text, mut command) = (String::new(), "");
    for line in script.lines() {
        let begun = line.trim().strip_prefix('(').and_then(|rest| rest.strip_suffix(')'));
        command = begun.unwrap_or(command);
        let is_of_command = |place: &&LivePlace| place.command.last() == Some(&command);
        let place = PLACES.iter().filter(is_of_command).find(|place| place.is_zsh(line));
        text += &place.map_or_else(
            || line.to_owned(),
            |place| {
                let named =
                    line.replace(":_default'", &format!(":_tailcalld_names {}'", place.kind));
                // Behind an argument of the generator, zsh offers no options.
                named.replace("'*::", "'*:")
            },
        );
        text.push('\n');
    }
    text.replacen("_tailcalld() {", &format!("{ZSH}_tailcalld() {{"), 1)
}

const ZSH: &str = r#"_tailcalld_names() {
    local -a names
    names=(${(f)"$(tailcalld complete-names $argv[-1] 2>/dev/null)"})
    compadd "${@[1,-2]}" -a names
}

"#;

impl LivePlace {
    fn is_zsh(&self, line: &str) -> bool {
        let is_default = line.contains(":_default'");
        match self.option {
            Some((short, long)) => {
                let option = |name: &str| {
                    line.contains(&format!("{name}+[")) || line.contains(&format!("{name}=["))
                };
                is_default && (option(short) || option(long))
            }
            None => is_default && line.contains(&format!(":{} -- ", self.value)),
        }
    }
}

/// Lines beside the generated ones.
fn fish(mut script: String) -> String {
    for place in PLACES {
        let condition = match place.command {
            [command] => format!("__fish_tailcalld_using_subcommand {command}"),
            [command, sub @ ..] => format!(
                "__fish_tailcalld_using_subcommand {command}; and __fish_seen_subcommand_from {}",
                sub.join(" ")
            ),
            [] => continue,
        };
        let option = match place.option {
            Some((short, long)) => format!(
                "-s {} -l {} -x",
                short.trim_start_matches('-'),
                long.trim_start_matches('-')
            ),
            None => "-f".to_owned(),
        };
        script += &format!(
            "complete -c tailcalld -n \"{condition}\" {option} -a \"(tailcalld complete-names {} 2>/dev/null)\"\n",
            place.kind
        );
    }
    script
}
