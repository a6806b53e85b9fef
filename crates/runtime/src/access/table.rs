//! Who may call what, as the protos say.

use std::collections::HashMap;

use keizoku_proto::common::Access;
use prost_reflect::{DescriptorPool, Value};

/// Who may call what, read from the protos.
#[derive(Debug)]
pub struct AccessTable(HashMap<String, Access>);

impl AccessTable {
    /// Reads the `access` option of every RPC.
    ///
    /// # Panics
    /// Never for descriptors that were built with this crate: the build refuses others.
    #[must_use]
    pub fn from_protos() -> Self {
        let mut table = HashMap::new();
        let pool = DescriptorPool::decode(keizoku_proto::DESCRIPTORS).unwrap_or_default();
        if let Some(option) = pool.get_extension_by_name("keizoku.common.v1.access") {
            for method in pool
                .services()
                .flat_map(|s| s.methods().collect::<Vec<_>>())
            {
                let declared = method.options().get_extension(&option).into_owned();
                let access = match declared {
                    Value::EnumNumber(number) => Access::try_from(number).unwrap_or_default(),
                    _ => Access::Unspecified,
                };
                let path = format!("/{}/{}", method.parent_service().full_name(), method.name());
                table.insert(path, access);
            }
        }
        Self(table)
    }

    /// Who may call the RPC at `path`; `None` when there is no such RPC.
    #[must_use]
    pub fn of(&self, path: &str) -> Option<Access> {
        self.0
            .get(path)
            .copied()
            .filter(|access| *access != Access::Unspecified)
    }

    /// All RPCs and who may call them.
    pub fn iter(&self) -> impl Iterator<Item = (&str, Access)> {
        self.0.iter().map(|(path, access)| (path.as_str(), *access))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_rpc_declares_who_may_call_it() {
        let table = AccessTable::from_protos();
        assert!(table.iter().count() > 30);
        assert!(
            table
                .iter()
                .all(|(_, access)| access != Access::Unspecified)
        );
        assert_eq!(
            table.of("/keizoku.risk.v1.RiskService/OpenRisk"),
            Some(Access::Csm)
        );
        assert_eq!(table.of("/keizoku.risk.v1.RiskService/DropTables"), None);
    }
}
