//! References between the modules of `src/`, read from its source text.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

/// Path of a module below the crate: `["config", "values", "exec"]`.
pub type ModulePath = Vec<String>;

/// One module that names another one.
pub struct Reference {
    /// The module that contains the reference.
    pub from: ModulePath,
    /// The module that is named, as far as a file has it.
    pub to: ModulePath,
    /// File of the reference.
    pub file: String,
}

/// Returns all references of `src/`, except for those of tests.
pub fn references() -> Vec<Reference> {
    let mut files = Vec::new();
    collect(Path::new("src"), &mut files);
    let modules: BTreeMap<ModulePath, (String, String)> = files
        .iter()
        .map(|file| (module_of(file), (file.display().to_string(), production(file))))
        .collect();
    let exports: BTreeMap<ModulePath, BTreeMap<String, String>> =
        modules.iter().map(|(module, (_, text))| (module.clone(), reexports(text))).collect();
    let mut found = Vec::new();
    for (from, (file, text)) in &modules {
        for path in paths(text) {
            if let Some(to) = resolved(from, &path, &modules.keys().collect(), &exports) {
                found.push(Reference { from: from.clone(), to, file: file.clone() });
            }
        }
    }
    found
}

fn collect(folder: &Path, files: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        match path.is_dir() {
            _ if ["tests", "samples", "main", "lib"].contains(&&*name) => {}
            true => collect(&path, files),
            false if path.extension().is_some_and(|extension| extension == "rs") => {
                files.push(path);
            }
            false => {}
        }
    }
}

fn module_of(file: &Path) -> ModulePath {
    let path = file.strip_prefix("src").unwrap().with_extension("");
    let mut module: ModulePath =
        path.iter().map(|part| part.to_string_lossy().into_owned()).collect();
    if module.last().is_some_and(|last| last == "mod") {
        module.pop();
    }
    module
}

/// Returns the text without comments and without items below `#[cfg(test)]`.
fn production(file: &Path) -> String {
    let text = fs::read_to_string(file).unwrap();
    let mut lines = text.lines();
    let mut kept = String::new();
    while let Some(line) = lines.next() {
        if line.starts_with("#[cfg(test)]") {
            // A declaration ends with its line; a module with a body ends the file.
            if lines.next().is_some_and(|item| !item.ends_with(';')) {
                break;
            }
        } else if !line.trim_start().starts_with("//") {
            kept += line;
            kept.push('\n');
        }
    }
    kept
}

/// Returns the paths that begin with `crate`, `self` or `super`, groups in braces flattened.
fn paths(text: &str) -> BTreeSet<Vec<String>> {
    let mut found = BTreeSet::new();
    for keyword in ["crate::", "super::", "self::"] {
        for (at, _) in text.match_indices(keyword) {
            let before = text[..at].chars().next_back().unwrap_or(' ');
            if !(before.is_alphanumeric() || before == '_' || before == ':') {
                flatten(&text[at..], &mut Vec::new(), &mut found);
            }
        }
    }
    found
}

/// Adds the paths of a use tree to `found`, and returns the text behind it.
fn flatten<'t>(
    mut text: &'t str,
    before: &mut Vec<String>,
    found: &mut BTreeSet<Vec<String>>,
) -> &'t str {
    let depth = before.len();
    loop {
        text = text.trim_start();
        if let Some(mut group) = text.strip_prefix('{') {
            while !group.starts_with('}') && !group.is_empty() {
                let rest = flatten(group, before, found).trim_start();
                let rest = rest.strip_prefix(',').unwrap_or(rest).trim_start();
                if rest.len() == group.len() {
                    return rest;
                }
                group = rest;
            }
            text = group.strip_prefix('}').unwrap_or(group);
            break;
        }
        let end = text.find(|c: char| !(c.is_alphanumeric() || c == '_')).unwrap_or(text.len());
        before.push(text[..end].to_owned());
        text = &text[end..];
        match text.strip_prefix("::") {
            Some(rest) => text = rest,
            None => {
                found.insert(before.clone());
                let is_group = depth > 0;
                // `Name as Other` in a group.
                let end = if is_group { text.find([',', '}']).unwrap_or(text.len()) } else { 0 };
                text = &text[end..];
                break;
            }
        }
    }
    before.truncate(depth);
    text
}

/// Returns the names that a module takes from its children: `use route::{Route, Rule}`.
fn reexports(text: &str) -> BTreeMap<String, String> {
    let mut names = BTreeMap::new();
    for item in text.split(';').map(str::trim) {
        let item = item.strip_prefix("pub").unwrap_or(item).trim_start();
        let item = item.strip_prefix("(crate)").unwrap_or(item).trim_start();
        let Some(tree) = item.strip_prefix("use ") else { continue };
        let mut found = BTreeSet::new();
        flatten(tree, &mut Vec::new(), &mut found);
        for path in found {
            let path: Vec<_> = path.into_iter().filter(|part| part != "self").collect();
            if let [child, .., name] = &*path {
                if child != "crate" && child != "super" {
                    names.insert(name.clone(), child.clone());
                }
            }
        }
    }
    names
}

/// Returns the module of a file that a path names, seen from the module `from`.
fn resolved(
    from: &ModulePath,
    path: &[String],
    modules: &BTreeSet<&ModulePath>,
    exports: &BTreeMap<ModulePath, BTreeMap<String, String>>,
) -> Option<ModulePath> {
    let mut at = from.clone();
    for part in path {
        match &**part {
            "crate" => at.clear(),
            "self" => {}
            "super" => drop(at.pop()),
            name => {
                let export = exports.get(&at).and_then(|exports| exports.get(name));
                at.push(name.to_owned());
                if !modules.contains(&at) {
                    at.pop();
                    at.extend(export.cloned());
                    break;
                }
            }
        }
    }
    modules.contains(&at).then_some(at)
}
