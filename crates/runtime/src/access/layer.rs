//! The layer in front of every service of a process.

use std::sync::Arc;
use std::task::{Context, Poll};

use futures::future::{BoxFuture, Either, FutureExt as _};
use keizoku_proto::common::ErrorReason;
use tonic::codegen::Body;
use tonic::{Code, Status};
use tower::{Layer, Service};

use super::authentication::{Authentication, Recognised, keys_are_away};
use super::role::{Role, Roles};
use super::table::AccessTable;
use crate::refusal::Refusal;
use crate::{Failure, Identity};

/// Paths that monitoring and tools use; they tell nothing about customers.
const OPEN_PREFIXES: [&str; 2] = ["/grpc.health.v1.", "/grpc.reflection."];

/// The layer in front of every service of a process.
#[derive(Clone)]
pub(crate) struct AccessLayer {
    table: Arc<AccessTable>,
    authentication: Authentication,
}

/// What becomes of a request.
enum Admission {
    /// It goes on, as whose.
    Granted(Option<Identity>),
    /// Keys have to be read first.
    KeysMustBeRead,
}

impl AccessLayer {
    /// A layer that recognises callers by `authentication`.
    #[must_use]
    pub(crate) fn new(authentication: Authentication) -> Self {
        Self {
            table: Arc::new(AccessTable::from_protos()),
            authentication,
        }
    }

    fn admit<B>(&self, request: &http::Request<B>, may_wait: bool) -> Result<Admission, Failure> {
        let path = request.uri().path();
        if OPEN_PREFIXES.iter().any(|prefix| path.starts_with(prefix)) {
            return Ok(Admission::Granted(None));
        }
        let (identity, roles) = match self.authentication.identify(request, may_wait)? {
            Recognised::Caller(identity, roles) => (identity, roles),
            Recognised::KeysMustBeRead => return Ok(Admission::KeysMustBeRead),
        };
        let wanted = self.table.of(path).and_then(Role::wanted_by);
        match wanted {
            Some(wanted) if roles.include(wanted) => Ok(Admission::Granted(Some(identity))),
            Some(wanted) => Err(denied(path, wanted, roles)),
            None => Err(Failure::new(
                Code::Unimplemented,
                ErrorReason::NotFound,
                format!("there is no RPC {path}"),
            )),
        }
    }
}

fn denied(path: &str, wanted: Role, roles: Roles) -> Failure {
    let wanted = wanted.name();
    let message = format!("{path} needs the role {wanted}; the caller has {roles}");
    Failure::new(
        Code::PermissionDenied,
        ErrorReason::PermissionDenied,
        message,
    )
    .with("required_role", wanted)
    .with("roles", roles.to_string())
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
pub(crate) struct AccessService<S> {
    inner: S,
    layer: AccessLayer,
}

/// An answer at once, or after keys have been read.
type Answer<F, B, R, E> =
    Either<Either<F, Refusal<B, R, E>>, BoxFuture<'static, Result<http::Response<R>, E>>>;

impl<S, B, R> Service<http::Request<B>> for AccessService<S>
where
    S: Service<http::Request<B>, Response = http::Response<R>> + Clone + Send + 'static,
    S::Future: Send,
    S::Error: Send,
    B: Body + Send + 'static,
    R: Default + Send + 'static,
{
    type Response = S::Response;
    type Error = S::Error;
    type Future = Answer<S::Future, B, R, S::Error>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, mut request: http::Request<B>) -> Self::Future {
        match self.layer.admit(&request, true) {
            Ok(Admission::Granted(identity)) => {
                name(&mut request, identity);
                Either::Left(Either::Left(self.inner.call(request)))
            }
            Err(failure) => Either::Left(Either::Right(refused(request, failure))),
            Ok(Admission::KeysMustBeRead) => {
                let layer = self.layer.clone();
                // The one that is ready goes along, its copy stays.
                let copy = self.inner.clone();
                let mut inner = std::mem::replace(&mut self.inner, copy);
                let once_read = async move {
                    layer.authentication.read_keys().await;
                    match layer.admit(&request, false) {
                        Ok(Admission::Granted(identity)) => {
                            name(&mut request, identity);
                            inner.call(request).await
                        }
                        Err(failure) => refused(request, failure).await,
                        Ok(Admission::KeysMustBeRead) => refused(request, keys_are_away()).await,
                    }
                };
                Either::Right(once_read.boxed())
            }
        }
    }
}

fn refused<B, R: Default, E>(request: http::Request<B>, failure: Failure) -> Refusal<B, R, E> {
    Refusal::of(request, Status::from(failure).into_http())
}

fn name<B>(request: &mut http::Request<B>, identity: Option<Identity>) {
    if let Some(identity) = identity {
        request.extensions_mut().insert(identity);
    }
}
