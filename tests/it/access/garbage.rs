//! Messages of any type, filled with what nobody meant.

use prost_reflect::{DynamicMessage, FieldDescriptor, Kind, MapKey, MessageDescriptor, Value};

/// How deep messages are filled.
const DEPTH: usize = 3;

/// What to fill fields with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Garbage {
    /// Text that is no id, no name and no date; numbers at their ends.
    Hostile,
    /// The same the other way round: numbers at the other ends, text that is very long.
    Huge,
}

impl Garbage {
    /// Messages with every field set: one for each variant where only one of several can be.
    pub(crate) fn messages(self, of: &MessageDescriptor) -> Vec<DynamicMessage> {
        let message = self.at_depth(of, DEPTH);
        let oneofs = of.oneofs().filter(|oneof| !oneof.is_synthetic());
        let variants: Vec<_> = oneofs
            .flat_map(|oneof| oneof.fields().collect::<Vec<_>>())
            .collect();
        if variants.is_empty() {
            return vec![message];
        }
        let with = |field: FieldDescriptor| {
            let mut message = message.clone();
            if let Some(value) = self.value(&field, DEPTH) {
                message.set_field(&field, value);
            }
            message
        };
        variants.into_iter().map(with).collect()
    }

    fn at_depth(self, of: &MessageDescriptor, depth: usize) -> DynamicMessage {
        let mut message = DynamicMessage::new(of.clone());
        for field in of.fields() {
            if let Some(value) = self.value(&field, depth) {
                message.set_field(&field, value);
            }
        }
        message
    }

    fn value(self, field: &FieldDescriptor, depth: usize) -> Option<Value> {
        let one = self.single(&field.kind(), depth)?;
        if field.is_map() {
            let key = MapKey::String("key".to_owned());
            return Some(Value::Map([(key, one)].into_iter().collect()));
        }
        Some(if field.is_list() {
            Value::List(vec![one.clone(), one])
        } else {
            one
        })
    }

    fn single(self, kind: &Kind, depth: usize) -> Option<Value> {
        let hostile = self == Self::Hostile;
        Some(match kind {
            Kind::Bool => Value::Bool(true),
            Kind::Int32 | Kind::Sint32 | Kind::Sfixed32 => {
                Value::I32(if hostile { i32::MIN } else { i32::MAX })
            }
            Kind::Int64 | Kind::Sint64 | Kind::Sfixed64 => {
                Value::I64(if hostile { i64::MIN } else { i64::MAX })
            }
            Kind::Uint32 | Kind::Fixed32 => Value::U32(u32::MAX),
            Kind::Uint64 | Kind::Fixed64 => Value::U64(u64::MAX),
            Kind::Enum(_) => Value::EnumNumber(if hostile { -1 } else { 9_999 }),
            Kind::Bytes => Value::Bytes(vec![0xff; 8].into()),
            Kind::String if hostile => Value::String("'; DROP TABLE risks --\u{0}".to_owned()),
            // Long, and yet the fullest message is one that the transport takes.
            Kind::String => Value::String("ﾊﾝｶｸ".repeat(9_000)),
            Kind::Message(message) if depth > 0 => {
                Value::Message(self.at_depth(message, depth - 1))
            }
            // The protos have no floating point, and what lies deeper stays empty.
            Kind::Message(_) | Kind::Float | Kind::Double => return None,
        })
    }
}
