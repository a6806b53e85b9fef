//! Deny by default: an RPC is reached only by those whom its proto lets in.

use std::collections::HashMap;
use std::sync::Arc;
use std::task::{Context, Poll};

use futures::future::{Either, Ready, ready};
use keizoku_core::Actor;
use keizoku_proto::common::{Access, ErrorReason};
use prost_reflect::{DescriptorPool, Value};
use tonic::{Code, Status};
use tower::{Layer, Service};

use crate::{Failure, Identity};

/// Paths that monitoring and tools use; they tell nothing about customers.
const OPEN_PREFIXES: [&str; 2] = ["/grpc.health.v1.", "/grpc.reflection."];

/// Header by which a client on loopback says who it acts for; ignored wherever tokens are.
const LOOPBACK_USER: &str = "keizoku-user";

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

/// How callers are recognised.
#[derive(Debug, Clone)]
pub enum Authentication {
    /// Everybody on this machine may do everything. Refused off loopback by the server.
    Loopback,
}

impl Authentication {
    fn identify(&self, headers: &http::HeaderMap) -> (Identity, Role) {
        match self {
            Self::Loopback => {
                let user = headers
                    .get(LOOPBACK_USER)
                    .and_then(|value| value.to_str().ok());
                let actor = Actor::new("user", user.unwrap_or("local"));
                (Identity { actor }, Role::Everything)
            }
        }
    }
}

/// What a caller may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Role {
    /// Every RPC.
    Everything,
}

impl Role {
    fn allows(self, _access: Access) -> bool {
        self == Self::Everything
    }
}

/// The layer in front of every service of a process.
#[derive(Clone)]
pub struct AccessLayer {
    table: Arc<AccessTable>,
    authentication: Authentication,
}

impl AccessLayer {
    /// A layer that recognises callers by `authentication`.
    #[must_use]
    pub fn new(authentication: Authentication) -> Self {
        Self {
            table: Arc::new(AccessTable::from_protos()),
            authentication,
        }
    }

    fn admit(&self, path: &str, headers: &http::HeaderMap) -> Result<Option<Identity>, Failure> {
        if OPEN_PREFIXES.iter().any(|prefix| path.starts_with(prefix)) {
            return Ok(None);
        }
        let (identity, role) = self.authentication.identify(headers);
        match self.table.of(path) {
            Some(access) if role.allows(access) => Ok(Some(identity)),
            Some(_) => Err(Failure::new(
                Code::PermissionDenied,
                ErrorReason::PermissionDenied,
                format!("the caller's role does not allow {path}"),
            )),
            None => Err(Failure::new(
                Code::Unimplemented,
                ErrorReason::NotFound,
                format!("there is no RPC {path}"),
            )),
        }
    }
}

impl<S> Layer<S> for AccessLayer {
    type Service = AccessService<S>;
    fn layer(&self, inner: S) -> Self::Service {
        AccessService {
            inner,
            layer: self.clone(),
        }
    }
}

/// See [`AccessLayer`].
#[derive(Clone)]
pub struct AccessService<S> {
    inner: S,
    layer: AccessLayer,
}

impl<S, B, R> Service<http::Request<B>> for AccessService<S>
where
    S: Service<http::Request<B>, Response = http::Response<R>>,
    R: Default,
{
    type Response = S::Response;
    type Error = S::Error;
    type Future = Either<S::Future, Ready<Result<S::Response, S::Error>>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, mut request: http::Request<B>) -> Self::Future {
        match self.layer.admit(request.uri().path(), request.headers()) {
            Ok(identity) => {
                if let Some(identity) = identity {
                    request.extensions_mut().insert(identity);
                }
                Either::Left(self.inner.call(request))
            }
            Err(failure) => Either::Right(ready(Ok(Status::from(failure).into_http()))),
        }
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
