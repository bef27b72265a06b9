//! The tables of a file and their keys, as data.

use std::ops::Range;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::fault::Problem;
use super::options::Options;
use super::reader::FileReader;
use super::suggest::{closest, list};
use super::text::quoted;
use super::values::{self, expected};
use super::{Config, pins, routes, subject};
use crate::bpf::EXCLUDED_FILES;
use syscalls;

type SettingReader = fn(&mut Config, &mut FileReader<'_>, &Spanned<DeValue<'_>>);

/// A key of a table of its own: `[ring] size`.
struct Setting {
    table: &'static str,
    key: &'static str,
    read: SettingReader,
}

const SETTINGS: &[Setting] = &[
    Setting {
        table: "ring",
        key: "size",
        read: |config, reader, value| {
            reader.store(&mut config.ring_bytes, value, values::ring_bytes);
        },
    },
    Setting {
        table: "ring",
        key: "cpus",
        read: |config, reader, value| {
            reader.store(&mut config.ring_cpus, value, values::ring_cpus);
        },
    },
    Setting {
        table: "blackbox",
        key: BOX_CALLS,
        read: |config, reader, value| {
            reader.store(&mut config.box_calls, value, values::box_calls);
            config.marks.insert(BOX_CALLS, reader.mark(value.span()));
        },
    },
    Setting {
        table: "blackbox",
        key: BOX_UNITS,
        read: |config, reader, value| {
            reader.store(&mut config.box_units, value, values::box_units);
            config.marks.insert(BOX_UNITS, reader.mark(value.span()));
        },
    },
    Setting {
        table: "exclude",
        key: "exe",
        read: |config, reader, value| {
            reader.store_all(&mut config.exclude, value, values::path);
            if config.exclude.len() > EXCLUDED_FILES {
                let count = config.exclude.len();
                let problem = format!("{count} executables are too many, at most {EXCLUDED_FILES}");
                reader.refuse(value.span(), problem);
            }
        },
    },
    Setting {
        table: "exclude",
        key: "units",
        read: |config, reader, value| {
            reader.store_all(&mut config.exclude_units, value, values::excluded_unit);
            let count = config.exclude_units.len();
            if count > UNITS_MAX {
                reader.refuse(
                    value.span(),
                    format!("{count} units are too many, at most {UNITS_MAX}"),
                );
            }
        },
    },
    Setting {
        table: "limits",
        key: "per_uid",
        read: |config, reader, value| reader.store(&mut config.per_uid, value, values::limit),
    },
    Setting {
        table: "limits",
        key: PER_UID_BURST,
        read: |config, reader, value| {
            let burst = |value: &DeValue<'_>| values::burst(value).map(Some);
            reader.store(&mut config.per_uid_burst, value, burst);
            config.marks.insert(PER_UID_BURST, reader.mark(value.span()));
        },
    },
    Setting {
        table: "journal",
        key: "socket",
        read: |config, reader, value| reader.store(&mut config.socket, value, values::socket),
    },
    Setting {
        table: "journal",
        key: "max_per_second",
        read: |config, reader, value| {
            reader.store(&mut config.max_per_second, value, values::records);
        },
    },
    Setting {
        table: "journal",
        key: "max_bytes_per_second",
        read: |config, reader, value| {
            reader.store(&mut config.max_bytes_per_second, value, values::record_bytes);
        },
    },
    Setting {
        table: "journal",
        key: "stats_interval",
        read: |config, reader, value| {
            reader.store(&mut config.stats_interval, value, values::stats_interval)
        },
    },
    Setting {
        table: "journal",
        key: "read_back",
        read: |config, reader, value| reader.store(&mut config.read_back, value, values::read_back),
    },
    Setting {
        table: "kernel",
        key: "attach",
        read: |config, reader, value| reader.store(&mut config.attach, value, values::attach),
    },
    Setting {
        table: "kernel",
        key: "self_test",
        read: |config, reader, value| reader.store(&mut config.self_test, value, values::self_test),
    },
    Setting {
        table: "metrics",
        key: METRICS_FILE,
        read: |config, reader, value| {
            reader.store(&mut config.metrics_file, value, values::metrics_file);
            config.marks.insert(METRICS_FILE, reader.mark(value.span()));
        },
    },
    Setting {
        table: "metrics",
        key: METRICS_INTERVAL,
        read: |config, reader, value| {
            reader.store(&mut config.metrics_interval, value, values::metrics_interval);
            config.marks.insert(METRICS_INTERVAL, reader.mark(value.span()));
        },
    },
];

/// Most excluded units: the kernel side has bits for 62 units and slices, and filters need some as well.
const UNITS_MAX: usize = 32;

/// Keys of `[blackbox]`, which together decide about memory.
pub(super) const BOX_CALLS: &str = "calls";
pub(super) const BOX_UNITS: &str = "boxes";

/// Keys of `[metrics]`, of which the second has no effect without the first.
pub(super) const METRICS_FILE: &str = "textfile";
pub(super) const METRICS_INTERVAL: &str = "every";

/// Key that has no effect without a limit.
pub(super) const PER_UID_BURST: &str = "per_uid_burst";

/// The tables whose keys are data of their own.
const ROUTES: &str = "routes";
const PROBES: &str = "probes";
const DEFAULTS: &str = "defaults";
const HANDLERS: &str = "handlers";

fn tables() -> impl Iterator<Item = &'static str> {
    let mut tables = vec![ROUTES, PROBES, DEFAULTS, HANDLERS];
    tables.extend(SETTINGS.iter().map(|setting| setting.table));
    tables.dedup();
    tables.into_iter()
}

/// Reads a whole file over what `config` holds already.
pub(super) fn read(config: &mut Config, reader: &mut FileReader<'_>, file: &DeTable<'_>) {
    for (name, value) in file.iter() {
        if reader.full() {
            return;
        }
        let known = tables().any(|table| table == name.get_ref());
        match value.get_ref() {
            DeValue::Table(table) if known => read_table(config, reader, name.get_ref(), table),
            other if known => {
                let what = format!("a table: [{}]", name.get_ref());
                reader.refuse(name.span(), expected(other, &what));
            }
            _ => unknown_table(reader, name.span(), name.get_ref()),
        }
    }
}

fn read_table(config: &mut Config, reader: &mut FileReader<'_>, name: &str, table: &DeTable<'_>) {
    if name == ROUTES {
        return config.entries.extend(routes::read(reader, table, subject::read));
    }
    if name == PROBES {
        return config.entries.extend(routes::read(reader, table, subject::read_probe));
    }
    if name == HANDLERS {
        return pins::read(config, reader, table);
    }
    if name == DEFAULTS {
        Options::refuse_doubles(reader, table);
    }
    for (key, value) in table.iter() {
        if reader.full() {
            return;
        }
        let Config { defaults, marks, .. } = config;
        let known = match name {
            DEFAULTS => defaults.read(marks, reader, key.get_ref(), value),
            _ => read_setting(config, reader, name, key.get_ref(), value),
        };
        if !known {
            let place = format!("[{name}]");
            reader.unknown_key(key.span(), key.get_ref(), &place, &keys(name));
        }
    }
}

/// `false` if the table has no such key.
fn read_setting(
    config: &mut Config,
    reader: &mut FileReader<'_>,
    table: &str,
    key: &str,
    value: &Spanned<DeValue<'_>>,
) -> bool {
    let row = SETTINGS.iter().find(|row| row.table == table && row.key == key);
    row.map(|row| (row.read)(config, reader, value)).is_some()
}

fn keys(table: &str) -> Vec<&'static str> {
    match table {
        DEFAULTS => Options::keys().collect(),
        _ => SETTINGS.iter().filter(|row| row.table == table).map(|row| row.key).collect(),
    }
}

/// Reports an unknown table. A syscall or group here has most likely lost its `[routes]`.
fn unknown_table(reader: &mut FileReader<'_>, span: Range<usize>, name: &str) {
    if syscalls::is_known(name) || syscalls::group(name).is_some() {
        let message = format!("{} is outside of [routes]; move it below that line", quoted(name));
        return reader.refuse(span, message);
    }
    if name == "include" {
        let message = "there is no include: *.toml in the folder of the drop-ins are read after this file, see tailcalld.toml(5)";
        return reader.refuse(span, message);
    }
    let meant = closest(name, tables());
    let known =
        if meant.is_none() { format!(", expected {}", list(tables())) } else { String::new() };
    reader
        .refuse(span, Problem::from(format!("unknown table {}{known}", quoted(name))).meant(meant));
}
