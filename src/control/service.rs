//! What every service that speaks Varlink tells about itself: `org.varlink.service`.

use serde_json::json;

use super::message::{Call, Parameters, Refusal, Reply};
use super::{DESCRIPTION, INTERFACE};

/// The interface that each service has.
pub const NAME: &str = "org.varlink.service";

/// What may be called here.
const INTERFACES: [(&str, &str); 2] =
    [(INTERFACE, DESCRIPTION), (NAME, include_str!("org.varlink.service.varlink"))];

/// The reply to a call of this interface, or of one that there is not; `None` for calls of our own.
pub fn reply(call: &Call) -> Option<Reply> {
    if call.upgrade == Some(true) {
        return Some(Err(Refusal::NotImplemented(call.method.clone())));
    }
    match call.name() {
        (INTERFACE, _) => None,
        (NAME, "GetInfo") => Some(info(Parameters::of(call))),
        (NAME, "GetInterfaceDescription") => Some(description(Parameters::of(call))),
        (NAME, method) => Some(Err(Refusal::Method(method.to_owned()))),
        (interface, _) => Some(Err(Refusal::Interface(interface.to_owned()))),
    }
}

fn info(parameters: Parameters) -> Reply {
    parameters.end()?;
    Ok(json!({
        "vendor": "tailcalld",
        "product": "tailcalld",
        "version": env!("CARGO_PKG_VERSION"),
        "url": "man:tailcalld(8)",
        "interfaces": INTERFACES.map(|(name, _)| name),
    }))
}

fn description(mut parameters: Parameters) -> Reply {
    let interface = parameters.text("interface")?;
    parameters.end()?;
    match INTERFACES.iter().find(|(name, _)| *name == interface) {
        Some((_, description)) => Ok(json!({ "description": description })),
        None => Err(Refusal::Interface(interface)),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::reply;
    use crate::control::{Call, Refusal};

    fn refusal(method: &str) -> Option<Refusal> {
        reply(&Call { method: method.into(), ..Call::default() })?.err()
    }

    #[test]
    fn what_there_is_not_is_told_by_the_protocols_errors() {
        assert_eq!(refusal("no.such.Thing"), Some(Refusal::Interface("no.such".into())));
        assert_eq!(refusal("nothing"), Some(Refusal::Interface("nothing".into())));
        assert_eq!(refusal(""), Some(Refusal::Interface(String::new())));
        assert_eq!(refusal("org.varlink.service.No"), Some(Refusal::Method("No".into())));
        let missing = refusal("org.varlink.service.GetInterfaceDescription");
        assert_eq!(missing, Some(Refusal::Parameter("interface".into())));
        assert_eq!(reply(&Call { method: "io.tailcalld.Any".into(), ..Call::default() }), None);
        let upgrade =
            Call { method: "io.tailcalld.Stats".into(), upgrade: Some(true), ..Call::default() };
        assert_eq!(reply(&upgrade), Some(Err(Refusal::NotImplemented(upgrade.method.clone()))));
    }

    #[test]
    fn each_interface_that_is_told_has_a_description() {
        let info = reply(&Call { method: "org.varlink.service.GetInfo".into(), ..Call::default() });
        let info = info.expect("an own method").expect("a result");
        assert_eq!(info["interfaces"], json!(["io.tailcalld", "org.varlink.service"]));
        for interface in info["interfaces"].as_array().expect("a list") {
            let parameters = json!({ "interface": interface }).as_object().cloned();
            let method = "org.varlink.service.GetInterfaceDescription".into();
            let told = reply(&Call { method, parameters, ..Call::default() });
            let told = told.expect("an own method").expect("a result");
            let head = format!("\ninterface {}\n", interface.as_str().expect("a name"));
            assert!(told["description"].as_str().expect("a text").contains(&head));
        }
    }
}
