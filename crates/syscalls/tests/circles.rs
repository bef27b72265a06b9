//! Checks that no files of this crate and of the Varlink server import each other in a circle.
#![allow(clippy::unwrap_used)] // clippy sees that a helper is for tests only below #[test]

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

/// Path of a module: `["structs", "read"]`; empty for the root.
type Module = Vec<String>;

/// Source of each module, without tests and comments.
struct Sources(BTreeMap<Module, String>);

#[test]
fn files_of_crates_import_no_circle() {
    for folder in ["src", "../varlink-server/src"] {
        let mut sources = Sources(BTreeMap::new());
        sources.read(&Path::new(env!("CARGO_MANIFEST_DIR")).join(folder), &vec![]);
        let modules = sources.0.keys();
        let mut arrows: BTreeMap<_, _> =
            modules.map(|module| (module.clone(), sources.imports(module))).collect();
        assert!(arrows.values().map(BTreeSet::len).sum::<usize>() > 15, "{folder}");
        // A module without imports is a leaf; without a circle, removing leaves empties the map.
        while let Some(leaf) = arrows.iter().find(|(_, to)| to.is_empty()).map(|(of, _)| of.clone())
        {
            arrows.remove(&leaf);
            for to in arrows.values_mut() {
                to.remove(&leaf);
            }
        }
        assert!(arrows.is_empty(), "{folder}: in a circle, or before one: {arrows:#?}");
    }
}

impl Sources {
    fn read(&mut self, folder: &Path, parent: &Module) {
        for entry in fs::read_dir(folder).unwrap().map(Result::unwrap) {
            let path = entry.path();
            let name = path.file_stem().unwrap().to_str().unwrap().to_owned();
            let module = [parent.as_slice(), std::slice::from_ref(&name)].concat();
            match path.extension() {
                None if name != "tests" => self.read(&path, &module),
                Some(extension) if extension == "rs" && name != "tests" => {
                    let text = fs::read_to_string(&path).unwrap();
                    let code = text.split("#[cfg(test)]").next().unwrap().lines();
                    let code = code.map(|line| line.split("//").next().unwrap());
                    let is_root = ["lib", "mod"].contains(&name.as_str());
                    let module = if is_root { parent.clone() } else { module };
                    self.0.insert(module, code.collect::<Vec<_>>().join("\n"));
                }
                _ => {}
            }
        }
    }

    /// Returns the modules that define what a module imports.
    fn imports(&self, module: &Module) -> BTreeSet<Module> {
        let uses = uses(&self.0[module]).into_iter().map(|(_, path)| path);
        // Paths in the code, which need no import.
        let inline = self.0[module].match_indices("crate::").map(|(at, _)| {
            let end = |c: char| !c.is_alphanumeric() && c != '_' && c != ':';
            self.0[module][at..].split(end).next().unwrap().to_owned()
        });
        let paths = uses.chain(inline).filter(|path| !path.ends_with("::"));
        let defined = paths.filter_map(|path| self.definition(module, &path));
        defined.filter(|other| other != module).collect()
    }

    /// Returns the module that defines a path, behind re-exports.
    fn definition(&self, module: &Module, path: &str) -> Option<Module> {
        let mut parts: Vec<&str> = path.split("::").collect();
        let mut base = match parts[0] {
            "crate" => vec![],
            "super" => module[..module.len() - 1].to_vec(),
            first if self.0.contains_key(&[module.as_slice(), &[first.to_owned()]].concat()) => {
                parts.insert(0, "self");
                module.clone()
            }
            _ => return None,
        };
        for part in &parts[1..] {
            let child = [base.as_slice(), &[(*part).to_owned()]].concat();
            if self.0.contains_key(&child) {
                base = child;
                continue;
            }
            let exported = uses(&self.0[&base])
                .into_iter()
                .find(|(is_public, path)| *is_public && path.rsplit("::").next() == Some(part));
            return exported.map_or(Some(base.clone()), |(_, path)| self.definition(&base, &path));
        }
        Some(base)
    }
}

/// Returns the imports of a file, and whether each is public.
fn uses(code: &str) -> Vec<(bool, String)> {
    let items = code.split(';').filter_map(|item| {
        // Attributes and other items may precede it.
        let start = item.find("\nuse ").or(item.find("\npub")).map_or(0, |at| at + 1);
        let item = item.get(start..)?.trim();
        let (visibility, tree) = item.split_once("use ")?;
        let is_use = visibility.is_empty() || visibility.starts_with("pub");
        is_use.then(|| (!visibility.is_empty(), tree.split_whitespace().collect::<String>()))
    });
    items
        .flat_map(|(is_public, tree)| expand(&tree).into_iter().map(move |one| (is_public, one)))
        .collect()
}

/// Expands `a::{b, c::{d, e}}` to `a::b`, `a::c::d` and `a::c::e`.
fn expand(tree: &str) -> Vec<String> {
    let Some((prefix, rest)) = tree.split_once('{') else { return vec![tree.to_owned()] };
    let mut depth = 0;
    let inner = rest.strip_suffix('}').unwrap_or(rest);
    let parts = inner.split(|c| {
        depth += i32::from(c == '{') - i32::from(c == '}');
        c == ',' && depth == 0
    });
    let parts: Vec<_> = parts.filter(|part| !part.is_empty()).collect();
    parts.into_iter().flat_map(|part| expand(&format!("{prefix}{part}"))).collect()
}
