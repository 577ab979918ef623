//! `castproof init`.

mod text;

use std::fs::{self, OpenOptions};
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};

use crate::certify::quoted;
use crate::findings::ExitCode;
use crate::spec::{Role, one_line};

use super::Failure;
use super::console::Console;
use super::reference::SubjectRole;

#[derive(Args)]
pub(super) struct Options {
    /// What your implementation is.
    #[arg(long, value_enum)]
    role: SubjectRole,

    /// Where the files go; the folder is made where there is none.
    #[arg(long, value_name = "FOLDER")]
    dir: PathBuf,

    /// The language of the starter adapter. C needs cc, rust needs rustc; shell answers nothing but hello and bye.
    #[arg(long, value_enum, default_value_t = Language::Python)]
    language: Language,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Language {
    #[value(alias = "rs")]
    Rust,
    #[value(alias = "py", alias = "python3")]
    Python,
    C,
    #[value(alias = "sh", alias = "bash")]
    Shell,
}

/// A file of a starter: its name, its text, and whether it can be started.
struct Starter {
    name: &'static str,
    text: &'static str,
    is_program: bool,
}

macro_rules! starter {
    ($name:literal, $path:literal, $is_program:literal) => {
        Starter {
            name: $name,
            text: include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/examples/starters/", $path)),
            is_program: $is_program,
        }
    };
}

impl Language {
    /// The files of its starter; the first is the one to edit.
    fn starter(self, role: SubjectRole) -> Vec<Starter> {
        match (self, role) {
            (Self::Python, SubjectRole::Device) => vec![
                starter!("adapter.py", "python/device.py", true),
                starter!("protocol.py", "python/protocol.py", false),
            ],
            (Self::Python, SubjectRole::Provider) => vec![
                starter!("adapter.py", "python/provider.py", true),
                starter!("protocol.py", "python/protocol.py", false),
            ],
            (Self::Rust, SubjectRole::Device) => vec![
                starter!("adapter.rs", "rust/device.rs", false),
                starter!("protocol.rs", "rust/protocol.rs", false),
                starter!("run.sh", "rust/run.sh", true),
            ],
            (Self::Rust, SubjectRole::Provider) => vec![
                starter!("adapter.rs", "rust/provider.rs", false),
                starter!("protocol.rs", "rust/protocol.rs", false),
                starter!("run.sh", "rust/run.sh", true),
            ],
            (Self::C, role) => vec![
                starter!("vendor.sh", "c/vendor.sh", true),
                match role {
                    SubjectRole::Device => starter!("adapter.c", "c/device.c", false),
                    SubjectRole::Provider => starter!("adapter.c", "c/provider.c", false),
                },
                starter!("protocol.c", "c/protocol.c", false),
                starter!("protocol.h", "c/protocol.h", false),
                starter!("run.sh", "c/run.sh", true),
            ],
            (Self::Shell, _) => vec![starter!("adapter.sh", "shell/adapter.sh", true)],
        }
    }

    /// How the starter is started, in the folder of its profile.
    fn command(self) -> [&'static str; 2] {
        match self {
            Self::Python => ["python3", "adapter.py"],
            Self::Rust | Self::C => ["sh", "run.sh"],
            Self::Shell => ["sh", "adapter.sh"],
        }
    }

    fn name(self) -> &'static str {
        match self {
            Self::Rust => "rust",
            Self::Python => "python",
            Self::C => "c",
            Self::Shell => "shell",
        }
    }
}

/// A file that is to be written.
struct Page {
    path: PathBuf,
    text: String,
    mode: u32,
}

pub(super) fn init(console: &Console, options: &Options) -> Result<ExitCode, Failure> {
    let Options { role, dir, language } = options;
    let pages = pages(*role, dir, *language);
    let existing = pages.iter().find(|page| page.path.symlink_metadata().is_ok());
    if let Some(page) = existing {
        let failure = Failure::usage(format!("`{}` is there already", page.path.display()));
        return Err(failure.hint("nothing was written; name another folder, or move the file away"));
    }
    fs::create_dir_all(dir).map_err(|error| {
        let failure = Failure::usage(format!("make the folder `{}`: {error}", dir.display()));
        failure.hint("name a folder that is there or can be made, with --dir")
    })?;
    for (done, page) in pages.iter().enumerate() {
        let mut options = OpenOptions::new();
        let opened = options.write(true).create_new(true).mode(page.mode).open(&page.path);
        let is_ours = opened.is_ok();
        let written = opened.and_then(|mut file| file.write_all(page.text.as_bytes()));
        if let Err(error) = written {
            // Half a starter would be in the way of the next attempt.
            pages[..done + usize::from(is_ours)].iter().for_each(|page| drop(fs::remove_file(&page.path)));
            let failure = Failure::usage(format!("write `{}`: {error}", page.path.display()));
            return Err(failure.hint("what was written before it was taken away again"));
        }
    }
    console.print(&next_steps(*role, dir, *language, &pages));
    Ok(ExitCode::Conformant)
}

fn pages(role: SubjectRole, dir: &Path, language: Language) -> Vec<Page> {
    let name = dir.canonicalize().ok().unwrap_or_else(|| dir.to_owned());
    let name = name.file_name().map(|name| one_line(&name.to_string_lossy())).unwrap_or_default();
    let spec = match role {
        SubjectRole::Device => Role::Device,
        SubjectRole::Provider => Role::Provider,
    };
    let page = |name: &str, text: String, mode| Page { path: dir.join(name), text, mode };
    let mut pages = vec![
        page("profile.yaml", text::profile(spec, &name, language.command()), 0o644),
        page("expected_failures.yaml", text::EXPECTED_FAILURES.to_owned(), 0o644),
    ];
    for file in language.starter(role) {
        let text = text::of_role(file.text, spec);
        pages.push(page(file.name, text, if file.is_program { 0o755 } else { 0o644 }));
    }
    pages
}

fn next_steps(role: SubjectRole, dir: &Path, language: Language, pages: &[Page]) -> String {
    let shown = |path: &Path| quoted(&path.display().to_string());
    let names: Vec<_> =
        pages.iter().filter_map(|page| page.path.file_name()).map(|name| name.to_string_lossy()).collect();
    let role = match role {
        SubjectRole::Device => "device",
        SubjectRole::Provider => "provider",
    };
    let profile = shown(&dir.join("profile.yaml"));
    let edited = shown(&pages[2].path);
    let steps = [
        (
            format!("castproof init --role {role} --dir {} --language {}", shown(dir), language.name()),
            "done: the adapter runs, and says honestly that nothing is behind it yet",
        ),
        (format!("castproof probe --profile {profile}"), "whether the adapter is what it says, in seconds"),
        (format!("castproof certify --profile {profile}"), "a verdict for each requirement"),
    ];
    let mut text = format!("written to {}: {}\n\nthree commands\n", shown(dir), names.join(", "));
    for (number, (command, meaning)) in steps.iter().enumerate() {
        text += &format!("  {}  {command}\n     {meaning}\n", number + 1);
    }
    text += &format!(
        "\nBetween them you write: the places in {edited} that are marked VENDOR, in their order.\n\
         docs/adapter.md tells what each request holds, docs/vendor-guide.md how to get from here to a verdict.\n"
    );
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_placeholder_is_left_in_a_page() {
        for role in [SubjectRole::Device, SubjectRole::Provider] {
            for language in Language::value_variants() {
                for page in pages(role, Path::new("acme"), *language) {
                    let is_placeholder = |word: &str| word.len() > 2 && word.starts_with('@') && word.ends_with('@');
                    let left =
                        page.text.split(|c: char| c.is_whitespace() || c == '=').find(|word| is_placeholder(word));
                    assert_eq!(left, None, "{}", page.path.display());
                    assert!(page.text.ends_with('\n'), "{}", page.path.display());
                }
            }
        }
    }
}
