//! Generates messages, clients, servers and the names of events; refuses RPCs without an access.

use std::error::Error;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::{env, fs};

use prost::Message as _;
use prost_reflect::DescriptorPool;

fn main() -> Result<(), Box<dyn Error>> {
    let root = PathBuf::from(env::var("CARGO_MANIFEST_DIR")?).join("../../proto");
    let out = PathBuf::from(env::var("OUT_DIR")?);
    println!("cargo::rerun-if-changed={}", root.display());

    let mut files = Vec::new();
    collect_protos(&root.join("keizoku"), &mut files)?;
    files.sort();
    let mut compiler = protox::Compiler::new([&root])?;
    compiler
        .include_imports(true)
        .include_source_info(true)
        .open_files(&files)?;

    let encoded = compiler.encode_file_descriptor_set();
    let pool = DescriptorPool::decode(encoded.as_slice())?;
    require_access_on_every_rpc(&pool)?;
    fs::write(out.join("event_names.rs"), event_names(&pool))?;
    fs::write(out.join("keizoku.bin"), encoded.as_slice())?;

    let descriptors = prost_types::FileDescriptorSet::decode(encoded.as_slice())?;
    tonic_prost_build::configure()
        .include_file("keizoku.rs")
        .compile_fds(descriptors)?;
    Ok(())
}

fn collect_protos(folder: &Path, files: &mut Vec<PathBuf>) -> std::io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            collect_protos(&path, files)?;
        } else if path
            .extension()
            .is_some_and(|extension| extension == "proto")
        {
            files.push(path);
        }
    }
    Ok(())
}

/// Deny by default starts here: an RPC that does not say who may call it does not build.
fn require_access_on_every_rpc(pool: &DescriptorPool) -> Result<(), Box<dyn Error>> {
    let access = pool
        .get_extension_by_name("keizoku.common.v1.access")
        .ok_or("the option keizoku.common.v1.access is missing")?;
    for service in pool.services() {
        for method in service.methods() {
            if !method.options().has_extension(&access) {
                return Err(format!("{} declares no access option", method.full_name()).into());
            }
        }
    }
    Ok(())
}

/// `StoredEvent` for the `oneof kind` of every message called `Event`.
fn event_names(pool: &DescriptorPool) -> String {
    let mut code = String::new();
    for message in pool
        .all_messages()
        .filter(|message| message.name() == "Event")
    {
        let module = message.parent_file().package_name().replace('.', "::");
        let fields = message
            .oneofs()
            .flat_map(|oneof| oneof.fields().collect::<Vec<_>>());
        let mut arms = String::new();
        for field in fields {
            let variant: String = field.name().split('_').map(capitalised).collect();
            let _ = writeln!(
                arms,
                "            Self::{variant}(_) => {:?},",
                field.name()
            );
        }
        let _ = write!(
            code,
            "impl StoredEvent for crate::{module}::event::Kind {{
    fn type_name(&self) -> &'static str {{
        match self {{
{arms}        }}
    }}
    fn to_bytes(&self) -> Vec<u8> {{
        let mut bytes = Vec::with_capacity(self.encoded_len());
        self.encode(&mut bytes);
        bytes
    }}
    fn from_bytes(bytes: &[u8]) -> Result<Self, UnreadableEvent> {{
        let event: crate::{module}::Event =
            prost::Message::decode(bytes).map_err(UnreadableEvent::Damaged)?;
        event.kind.ok_or(UnreadableEvent::NewerVersion)
    }}
}}
"
        );
    }
    code
}

fn capitalised(word: &str) -> String {
    let mut letters = word.chars();
    letters.next().map_or_else(String::new, |first| {
        first.to_ascii_uppercase().to_string() + letters.as_str()
    })
}
