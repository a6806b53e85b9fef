//! Calls of any RPC with any bytes.

use keizoku_testkit::Cluster;
use prost_reflect::bytes::{Buf, BufMut};
use prost_reflect::prost::DecodeError;
use tonic::client::Grpc;
use tonic::codec::{Codec, DecodeBuf, Decoder, EncodeBuf, Encoder};
use tonic::codegen::http::uri::PathAndQuery;
use tonic::transport::{Channel, Endpoint};
use tonic::{Request, Status};

/// Sends and takes bytes as they are.
#[derive(Default, Clone, Copy)]
struct Bytes;

impl Codec for Bytes {
    type Encode = Vec<u8>;
    type Decode = Vec<u8>;
    type Encoder = Self;
    type Decoder = Self;

    fn encoder(&mut self) -> Self {
        *self
    }
    fn decoder(&mut self) -> Self {
        *self
    }
}

impl Encoder for Bytes {
    type Item = Vec<u8>;
    type Error = Status;
    fn encode(&mut self, item: Vec<u8>, into: &mut EncodeBuf<'_>) -> Result<(), Status> {
        into.put_slice(&item);
        Ok(())
    }
}

impl Decoder for Bytes {
    type Item = Vec<u8>;
    type Error = Status;
    fn decode(&mut self, from: &mut DecodeBuf<'_>) -> Result<Option<Vec<u8>>, Status> {
        let bytes = from.copy_to_bytes(from.remaining());
        Ok(Some(bytes.to_vec()))
    }
}

/// A connection for calls by path.
pub(crate) struct Raw(Channel);

impl Raw {
    pub(crate) async fn to(cluster: &Cluster) -> Self {
        let endpoint = format!("http://{}", cluster.address());
        let endpoint = Endpoint::from_shared(endpoint).unwrap();
        Self(endpoint.connect().await.unwrap())
    }

    pub(crate) fn channel(&self) -> Channel {
        self.0.clone()
    }

    /// Calls `path` with one message. On the wire an RPC that does not stream is one that does
    /// with a single message, so this fits all of them.
    pub(crate) async fn call(&self, path: &str, message: Vec<u8>) -> Result<Vec<Vec<u8>>, Status> {
        self.call_as(None, path, message).await
    }

    /// The same with a bearer token.
    pub(crate) async fn call_as(
        &self,
        token: Option<&str>,
        path: &str,
        message: Vec<u8>,
    ) -> Result<Vec<Vec<u8>>, Status> {
        let mut grpc = Grpc::new(self.0.clone());
        grpc.ready().await.unwrap();
        let path = PathAndQuery::try_from(path).unwrap();
        let mut request = Request::new(tokio_stream::once(message));
        if let Some(token) = token {
            let value = format!("Bearer {token}").parse().unwrap();
            request.metadata_mut().insert("authorization", value);
        }
        let mut answers = grpc.streaming(request, path, Bytes).await?.into_inner();
        let mut all = Vec::new();
        while let Some(answer) = answers.message().await? {
            all.push(answer);
        }
        Ok(all)
    }
}

/// What makes a message of a known type unreadable.
pub(crate) fn unreadable() -> Vec<u8> {
    // Field 1 announces a hundred bytes, and ends.
    let bytes = vec![0x0a, 100, b'x'];
    let error: Result<String, DecodeError> = prost_reflect::prost::Message::decode(&*bytes);
    assert!(error.is_err());
    bytes
}
