//! Whether an expression is a filter: types, names, and how many steps it may take at most.

use std::collections::HashSet;

use cel::common::ast::{
    CallExpr, ComprehensionExpr, EntryExpr, Expr, IdedExpr, ListExpr, LiteralValue, SelectExpr,
    operators,
};
use keizoku_proto::notification::FieldType;

use crate::fields::Field;

/// Most steps that a filter may take.
pub(super) const MOST_STEPS: usize = 10_000;

/// What functions take and give: a method takes what stands before its dot first.
const FUNCTIONS: &[(&str, &[Type], Type)] = &[
    ("size", &[Type::Text], Type::Int),
    ("contains", &[Type::Text, Type::Text], Type::Bool),
    ("startsWith", &[Type::Text, Type::Text], Type::Bool),
    ("endsWith", &[Type::Text, Type::Text], Type::Bool),
    ("int", &[Type::Text], Type::Int),
    ("int", &[Type::Double], Type::Int),
    ("double", &[Type::Int], Type::Double),
    ("double", &[Type::Text], Type::Double),
    ("string", &[Type::Int], Type::Text),
    ("string", &[Type::Double], Type::Text),
];

/// The type of an expression.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Type {
    Bool,
    Int,
    Double,
    Text,
    Nothing,
    /// A list of values of one of the types above, and how long it is at most.
    List(Item, usize),
}

/// The type of what is in a list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Item {
    Bool,
    Int,
    Double,
    Text,
    /// The list is empty.
    Any,
}

impl Type {
    fn name(self) -> &'static str {
        match self {
            Self::Bool => "bool",
            Self::Int => "int",
            Self::Double => "double",
            Self::Text => "string",
            Self::Nothing => "null",
            Self::List(..) => "list",
        }
    }

    fn is_number(self) -> bool {
        matches!(self, Self::Int | Self::Double)
    }

    fn item(self) -> Option<Item> {
        match self {
            Self::Bool => Some(Item::Bool),
            Self::Int => Some(Item::Int),
            Self::Double => Some(Item::Double),
            Self::Text => Some(Item::Text),
            Self::Nothing | Self::List(..) => None,
        }
    }
}

impl Item {
    fn as_type(self) -> Type {
        match self {
            Self::Bool => Type::Bool,
            Self::Int => Type::Int,
            Self::Double => Type::Double,
            Self::Text | Self::Any => Type::Text,
        }
    }
}

/// Checks an expression; says what is wrong with it.
pub(super) fn check(expression: &IdedExpr, fields: &[Field]) -> Result<(), String> {
    let mut checker = Checker {
        fields,
        variables: Vec::new(),
        asked_for: HashSet::new(),
        optional: Vec::new(),
    };
    let found = checker.expression(expression)?;
    if found.of != Type::Bool {
        let is = found.of.name();
        return Err(format!("must say yes or no (bool), and is a {is}"));
    }
    let unguarded = checker.optional.iter();
    let mut unguarded = unguarded.filter(|name| !checker.asked_for.contains(*name));
    if let Some(name) = unguarded.next() {
        return Err(format!(
            "`{name}` may have no value: write `has({name}) && …`"
        ));
    }
    Ok(())
}

/// What is known of an expression.
#[derive(Clone, Copy)]
struct Found {
    of: Type,
    /// Most steps that it takes.
    steps: usize,
}

struct Checker<'a> {
    fields: &'a [Field],
    /// Variables of macros, the innermost last.
    variables: Vec<(String, Type)>,
    /// Fields of which `has` asks whether there is a value.
    asked_for: HashSet<String>,
    /// Fields without which the filter cannot be evaluated, and which may have no value.
    optional: Vec<String>,
}

impl Checker<'_> {
    fn expression(&mut self, expression: &IdedExpr) -> Result<Found, String> {
        let found = match &expression.expr {
            Expr::Literal(literal) => leaf(literal_type(literal)?),
            Expr::Ident(name) => leaf(self.variable(name)?),
            Expr::Select(select) => leaf(self.select(select)?),
            Expr::List(list) => self.list(list)?,
            Expr::Call(call) => self.call(call)?,
            Expr::Comprehension(all) => self.comprehension(all)?,
            Expr::Map(map) => {
                for entry in &map.entries {
                    if let EntryExpr::MapEntry(entry) = &entry.expr {
                        self.expression(&entry.value)?;
                    }
                }
                return Err("has a map, which no field is compared with".to_owned());
            }
            Expr::Struct(_) => return Err("has a message, and there are none".to_owned()),
            Expr::Unspecified => return Err("does not compile".to_owned()),
        };
        if found.steps > MOST_STEPS {
            return Err(format!(
                "may take more than {MOST_STEPS} steps: make its lists shorter"
            ));
        }
        Ok(found)
    }

    fn variable(&self, name: &str) -> Result<Type, String> {
        let known = self.variables.iter().rev();
        let mut known = known.filter(|(known, _)| known == name);
        known.next().map(|(_, of)| *of).ok_or_else(|| {
            let is_group = |field: &&Field| field.name.split('.').next() == Some(name);
            match self.fields.iter().find(is_group) {
                Some(field) => format!("`{name}` is no value: name a field, like `{}`", field.name),
                None => self.no_such_field(name),
            }
        })
    }

    fn no_such_field(&self, name: &str) -> String {
        let names: Vec<&str> = self.fields.iter().map(|field| field.name).collect();
        format!("names the field `{name}`; there are: {}", names.join(", "))
    }

    fn select(&mut self, select: &SelectExpr) -> Result<Type, String> {
        let Expr::Ident(group) = &select.operand.expr else {
            self.expression(&select.operand)?;
            return Err(format!("`.{}` is a field of nothing", select.field));
        };
        let name = format!("{group}.{}", select.field);
        let known = self.fields.iter().find(|field| field.name == name);
        let field = known.ok_or_else(|| self.no_such_field(&name))?;
        if select.test {
            self.asked_for.insert(name);
            return Ok(Type::Bool);
        }
        if field.optional {
            self.optional.push(name);
        }
        Ok(match field.kind {
            FieldType::Number | FieldType::Money => Type::Int,
            FieldType::Flag => Type::Bool,
            FieldType::Text | FieldType::Date | FieldType::Unspecified => Type::Text,
        })
    }

    fn list(&mut self, list: &ListExpr) -> Result<Found, String> {
        let (mut item, mut steps) = (Item::Any, 1);
        for element in &list.elements {
            let found = self.expression(element)?;
            let of = found.of.item().ok_or("has a list in a list, or null")?;
            if item != Item::Any && item != of {
                return Err("has a list of values of different types".to_owned());
            }
            item = of;
            steps += found.steps;
        }
        let of = Type::List(item, list.elements.len());
        Ok(Found { of, steps })
    }

    fn call(&mut self, call: &CallExpr) -> Result<Found, String> {
        let mut steps = 1;
        let mut types = Vec::new();
        for argument in call.target.iter().map(AsRef::as_ref).chain(&call.args) {
            let found = self.expression(argument)?;
            steps += found.steps;
            types.push(found.of);
        }
        let of = result_of(&call.func_name, &types)?;
        Ok(Found { of, steps })
    }

    /// `all`, `exists` and `exists_one`. One in another would multiply what they cost, and what builds
    /// lists or texts as it goes would grow them: neither is needed to look at one fact.
    fn comprehension(&mut self, all: &ComprehensionExpr) -> Result<Found, String> {
        if !self.variables.is_empty() {
            return Err("has a macro within another one, which may take too long".to_owned());
        }
        let range = self.expression(&all.iter_range)?;
        let Type::List(item, length) = range.of else {
            let is = range.of.name();
            return Err(format!("has a macro on a {is}: it works on lists"));
        };
        let start = self.expression(&all.accu_init)?;
        if !matches!(start.of, Type::Bool | Type::Int) {
            let hint = "has `map` or `filter`; a filter may have `all`, `exists` and `exists_one`";
            return Err(hint.to_owned());
        }
        self.variables.push((all.iter_var.clone(), item.as_type()));
        self.variables.push((all.accu_var.clone(), start.of));
        let condition = self.expression(&all.loop_cond)?;
        let step = self.expression(&all.loop_step)?;
        let result = self.expression(&all.result)?;
        self.variables.clear();
        let each = condition.steps.saturating_add(step.steps);
        let steps = range.steps + start.steps + result.steps;
        let steps = steps.saturating_add(each.saturating_mul(length));
        Ok(Found {
            of: result.of,
            steps,
        })
    }
}

fn leaf(of: Type) -> Found {
    Found { of, steps: 1 }
}

fn literal_type(literal: &LiteralValue) -> Result<Type, String> {
    Ok(match literal {
        LiteralValue::Boolean(_) => Type::Bool,
        LiteralValue::Int(_) => Type::Int,
        LiteralValue::Double(_) => Type::Double,
        LiteralValue::String(_) => Type::Text,
        LiteralValue::Null => Type::Nothing,
        LiteralValue::UInt(_) | LiteralValue::Bytes(_) => {
            return Err("has bytes or an unsigned number, which no field is".to_owned());
        }
    })
}

/// The type of what a function or operator gives.
fn result_of(name: &str, types: &[Type]) -> Result<Type, String> {
    use operators as op;
    let of = match (name, types) {
        (op::LOGICAL_AND | op::LOGICAL_OR, [Type::Bool, Type::Bool])
        | (op::LOGICAL_NOT | op::NOT_STRICTLY_FALSE, [Type::Bool]) => Some(Type::Bool),
        (op::EQUALS | op::NOT_EQUALS, [one, other]) => is_comparable(*one, *other),
        (op::LESS | op::LESS_EQUALS | op::GREATER | op::GREATER_EQUALS, [one, other]) => {
            let is_ordered = one.is_number() || *one == Type::Text;
            is_comparable(*one, *other).filter(|_| is_ordered)
        }
        (op::IN, [one, Type::List(item, _)]) => {
            let fits = *item == Item::Any || one.item() == Some(*item);
            fits.then_some(Type::Bool)
        }
        (op::ADD, [Type::Text, Type::Text]) => Some(Type::Text),
        (op::ADD | op::SUBSTRACT | op::MULTIPLY | op::DIVIDE, [one, other]) => {
            (one == other && one.is_number()).then_some(*one)
        }
        (op::NEGATE, [one]) => one.is_number().then_some(*one),
        (op::CONDITIONAL, [Type::Bool, one, other]) => (one == other).then_some(*one),
        (op::MODULO, [Type::Int, Type::Int]) | ("size", [Type::List(..)]) => Some(Type::Int),
        _ => {
            let known = FUNCTIONS.iter().filter(|(known, ..)| *known == name);
            let mut fitting = known.filter(|(_, takes, _)| *takes == types);
            fitting.next().map(|(.., gives)| *gives)
        }
    };
    of.ok_or_else(|| refusal(name, types))
}

fn is_comparable(one: Type, other: Type) -> Option<Type> {
    let is_same = one == other && one.item().is_some();
    (is_same || one.is_number() && other.is_number()).then_some(Type::Bool)
}

fn refusal(name: &str, types: &[Type]) -> String {
    let is_operator = name.contains('_') && name != operators::EXISTS_ONE || name.starts_with('@');
    let names: Vec<&str> = types.iter().map(|of| of.name()).collect();
    let is_known = FUNCTIONS.iter().any(|(known, ..)| *known == name);
    if is_operator || is_known {
        let name = name.trim_matches(['_', '@']);
        return format!("`{name}` does not work on {}", names.join(" and "));
    }
    let mut known: Vec<&str> = FUNCTIONS.iter().map(|(known, ..)| *known).collect();
    known.dedup();
    format!(
        "calls `{name}`; there are: has, all, exists, exists_one, {}",
        known.join(", ")
    )
}
