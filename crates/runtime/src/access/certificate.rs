//! Whom a client certificate names. That it was signed by a trusted authority was checked before.

use std::collections::BTreeMap;

use x509_parser::extensions::GeneralName;
use x509_parser::prelude::{FromDer as _, X509Certificate};

use super::role::{Role, Roles};

/// What a certificate's caller is called instead of an issuer: the authority is the only one.
pub(super) const ISSUER: &str = "certificate";

/// The first name in the certificate that has a role, and all roles of its names.
///
/// Names are those of the subject's alternatives (URI, DNS, mail), then its common name.
pub(super) fn identify(der: &[u8], known: &BTreeMap<String, Role>) -> Option<(String, Roles)> {
    let (_, certificate) = X509Certificate::from_der(der).ok()?;
    let names = names(&certificate);
    let mut found = names.iter().filter(|name| known.contains_key(**name));
    let first = (*found.next()?).to_owned();
    let roles = names.iter().filter_map(|name| known.get(*name).copied());
    Some((first, roles.collect()))
}

fn names<'c>(certificate: &'c X509Certificate<'_>) -> Vec<&'c str> {
    let alternatives = certificate.subject_alternative_name().ok().flatten();
    let alternatives = alternatives.map(|extension| &extension.value.general_names);
    let alternatives = alternatives
        .into_iter()
        .flatten()
        .filter_map(|name| match name {
            GeneralName::URI(name) | GeneralName::DNSName(name) | GeneralName::RFC822Name(name) => {
                Some(*name)
            }
            _ => None,
        });
    let common = certificate.subject().iter_common_name();
    let common = common.filter_map(|name| name.as_str().ok());
    alternatives.chain(common).collect()
}
