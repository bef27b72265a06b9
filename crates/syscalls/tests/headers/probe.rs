//! Evaluates C expressions with the kernel's headers: compiles a table of them to assembly, which needs no
//! linker and no machine of that architecture, and reads the numbers there.
#![allow(clippy::unwrap_used)] // clippy sees that a helper is for tests only below #[test]

use std::collections::{BTreeMap, BTreeSet};
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::{env, fs};

/// Headers to compile with.
#[derive(Debug)]
pub struct Headers {
    /// Folder with `linux/` and one folder for each architecture; `None` for those of the host.
    root: Option<PathBuf>,
    /// Empty files in place of the C library's headers.
    stubs: tempfile::TempDir,
}

/// Value of an expression, with the size of its type in bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Value {
    pub number: u64,
    pub size: u64,
}

/// Headers that those of the kernel include from the C library. Those of a 32-bit C library are missing where
/// no such library is installed; they say which functions it lacks.
const LIBC: [&str; 9] = [
    "kernel/sys/socket.h",
    "kernel/sys/time.h",
    "kernel/sys/types.h",
    "kernel/sys/ioctl.h",
    "kernel/netinet/in.h",
    "kernel/net/if.h",
    "kernel/string.h",
    "kernel/gnu/stubs-32.h",
    "libc/gnu/stubs-32.h",
];

/// Pieces of 16 bits in which a value is written, each above a bit that keeps it from being 0: the assembly
/// of zeros has another form.
const PIECES: usize = 5;

impl Headers {
    /// Returns the headers in the folder that the variable `HEADERS` names, else those of the host.
    pub fn new() -> Self {
        let stubs = tempfile::tempdir().unwrap();
        for path in LIBC.map(|file| stubs.path().join(file)) {
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, "").unwrap();
        }
        Self { root: env::var_os("HEADERS").map(PathBuf::from), stubs }
    }

    /// Returns the ABIs whose headers there are.
    pub fn abis(&self) -> Vec<&'static str> {
        match (&self.root, env::consts::ARCH) {
            (Some(root), _) => {
                let abis = ["x86_64", "i386", "aarch64", "arm"];
                abis.into_iter().filter(|abi| root.join(triple(abi)).is_dir()).collect()
            }
            (None, "x86_64") => vec!["x86_64", "i386"],
            (None, _) => vec!["aarch64"],
        }
    }

    /// Returns the version of Linux that the headers are of: `[6, 1]`.
    pub fn version(&self) -> Vec<u32> {
        let root = self.root.as_deref().unwrap_or(Path::new("/usr/include"));
        let text = fs::read_to_string(root.join("linux/version.h")).unwrap_or_default();
        let number = |key| text.split_once(key)?.1.lines().next()?.trim().parse().ok();
        ["_VERSION_MAJOR ", "_VERSION_PATCHLEVEL "].into_iter().filter_map(number).collect()
    }

    /// Returns the text of a header; `None` if there is none of that name.
    #[allow(dead_code)] // for the example only
    pub fn text(&self, file: &str) -> Option<String> {
        let root = self.root.as_deref().unwrap_or(Path::new("/usr/include"));
        let folders = [root.to_owned(), root.join(triple(env::consts::ARCH))];
        folders.iter().find_map(|folder| fs::read_to_string(folder.join(file)).ok())
    }

    /// Evaluates constant expressions in one ABI. An expression that the kernel's headers cannot evaluate is
    /// tried with those of the C library; one that fails again has no value.
    ///
    /// # Errors
    /// There is no compiler, or there are no headers of the kernel.
    ///
    /// # Panics
    /// The headers do not compile together.
    pub fn evaluate(
        &self,
        abi: &str,
        includes: &str,
        expressions: &BTreeSet<String>,
    ) -> Result<BTreeMap<String, Value>, String> {
        if self.version().is_empty() {
            return Err("no linux/version.h (package linux-libc-dev)".to_owned());
        }
        let kernel = format!("{}\n{includes}", include_str!("kernel.h"));
        let mut values = self.compile(abi, "kernel", &kernel, expressions)?;
        let rest = expressions.iter().filter(|one| !values.contains_key(*one)).cloned().collect();
        values.extend(self.compile(abi, "libc", include_str!("libc.h"), &rest)?);
        Ok(values)
    }

    /// Compiles until no expression is left that fails.
    fn compile(
        &self,
        abi: &str,
        stubs: &str,
        includes: &str,
        expressions: &BTreeSet<String>,
    ) -> Result<BTreeMap<String, Value>, String> {
        let mut rest: Vec<&String> = expressions.iter().collect();
        loop {
            let program = program(includes, &rest);
            let output = self.run(abi, stubs, &program)?;
            let errors = String::from_utf8_lossy(&output.stderr);
            if output.status.success() {
                let assembly = String::from_utf8_lossy(&output.stdout);
                return Ok(rest.into_iter().cloned().zip(values(&assembly)).collect());
            }
            let lines_with =
                |what| errors.lines().filter_map(move |line| expression_of(line, what)).collect();
            let mut wrong: BTreeSet<usize> = lines_with(" error: ");
            // The error about an empty expression is about the macro around it.
            if wrong.is_empty() {
                wrong = lines_with(" note: ");
            }
            assert!(!wrong.is_empty(), "{errors}");
            let is_right = |(at, _): &(usize, &String)| !wrong.contains(at);
            rest = rest.into_iter().enumerate().filter(is_right).map(|(_, one)| one).collect();
        }
    }

    fn run(&self, abi: &str, stubs: &str, program: &str) -> Result<std::process::Output, String> {
        let mut cc = Command::new("cc");
        // With aligned members of 64 bits, the host's 32-bit ABI has the layouts of ARM.
        cc.args(match abi {
            "i386" => &["-m32"][..],
            "arm" => &["-m32", "-malign-double"],
            _ => &["-m64"],
        });
        cc.args(["-w", "-O0", "-S", "-o", "-"]);
        cc.arg("-I").arg(self.stubs.path().join(stubs));
        if let Some(root) = &self.root {
            cc.arg("-isystem").arg(root.join(triple(abi))).arg("-isystem").arg(root);
        }
        // The compiler looks for other headers of a 32-bit program; Debian has none of these.
        cc.args(["-idirafter", "/usr/include/x86_64-linux-gnu", "-x", "c", "-"]);
        cc.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = cc.spawn().map_err(|error| format!("cc: {error} (package gcc)"))?;
        let mut stdin = child.stdin.take().unwrap();
        let program = program.to_owned();
        // From a thread: the compiler may write before it has read everything.
        let writer = std::thread::spawn(move || stdin.write_all(program.as_bytes()));
        let output = child.wait_with_output().map_err(|error| error.to_string())?;
        writer.join().unwrap().map_err(|error| error.to_string())?;
        Ok(output)
    }
}

fn triple(abi: &str) -> String {
    if abi == "arm" { "arm-linux-gnueabihf".to_owned() } else { format!("{abi}-linux-gnu") }
}

/// Returns a program with one expression a line, whose errors say which it is.
fn program(includes: &str, expressions: &[&String]) -> String {
    let pieces = (0..PIECES - 1).map(|at| format!("0x10000 | (V(x) >> {}) & 0xffff", 16 * at));
    let pieces: Vec<_> = pieces.chain(["0x10000 | sizeof(x)".to_owned()]).collect();
    let mut text = format!("{includes}\n#define V(x) ((unsigned long long)(x))\n");
    text += &format!("#define P(x) {},\n", pieces.join(", "));
    text += "const unsigned values[] = {\n#line 1 \"expressions\"\n";
    expressions.iter().for_each(|one| text += &format!("P({one})\n"));
    text + "};\n"
}

/// Returns the index of the expression that a line of the compiler is about.
fn expression_of(line: &str, what: &str) -> Option<usize> {
    let (number, rest) = line.strip_prefix("expressions:")?.split_once(':')?;
    rest.contains(what).then(|| number.parse::<usize>().ok()?.checked_sub(1)).flatten()
}

/// Reads the values in the order of the expressions.
fn values(assembly: &str) -> Vec<Value> {
    let data = assembly.split_once("\nvalues:\n").map_or("", |(_, data)| data);
    let longs = data.lines().map_while(|line| line.trim().strip_prefix(".long"));
    let pieces: Vec<u64> = longs.map(|long| long.trim().parse::<u64>().unwrap() & 0xffff).collect();
    let value = |pieces: &[u64]| {
        let (size, number) = pieces.split_last().unwrap();
        let number = number.iter().rev().fold(0, |number, piece| number << 16 | piece);
        Value { number, size: *size }
    };
    pieces.chunks_exact(PIECES).map(value).collect()
}
