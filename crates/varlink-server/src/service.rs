//! The interface `org.varlink.service`, through which every Varlink service describes itself.

use serde_json::json;

use super::error::{CallError, PROTOCOL};
use super::message::{Call, Reply};
use super::parameters::Parameters;

/// Description of the protocol's own interface.
const PROTOCOL_DESCRIPTION: &str = include_str!("org.varlink.service.varlink");

/// A service with one interface of its own, as it describes itself to clients.
#[derive(Debug, Clone, Copy)]
pub struct Service {
    /// Name of the interface: `org.example`.
    pub interface: &'static str,
    /// Text of its `.varlink` file.
    pub description: &'static str,
    /// Vendor, as `GetInfo` reports it.
    pub vendor: &'static str,
    /// Product, as `GetInfo` reports it.
    pub product: &'static str,
    /// Version, as `GetInfo` reports it.
    pub version: &'static str,
    /// Address of the documentation, as `GetInfo` reports it.
    pub url: &'static str,
}

impl Service {
    /// Returns the reply to a call of the protocol's interface or of an unknown one; `None` for a call of the
    /// service's own interface.
    pub fn reply(&self, call: &Call) -> Option<Reply> {
        if call.upgrade == Some(true) {
            return Some(Err(CallError::MethodNotImplemented(call.method.clone())));
        }
        match call.name() {
            (name, _) if name == self.interface => None,
            (PROTOCOL, "GetInfo") => Some(self.info(Parameters::new(call))),
            (PROTOCOL, "GetInterfaceDescription") => Some(self.describe(Parameters::new(call))),
            (PROTOCOL, method) => Some(Err(CallError::MethodNotFound(method.to_owned()))),
            (interface, _) => Some(Err(CallError::InterfaceNotFound(interface.to_owned()))),
        }
    }

    fn info(&self, parameters: Parameters) -> Reply {
        parameters.finish()?;
        Ok(json!({
            "vendor": self.vendor,
            "product": self.product,
            "version": self.version,
            "url": self.url,
            "interfaces": [self.interface, PROTOCOL],
        }))
    }

    fn describe(&self, mut parameters: Parameters) -> Reply {
        let interface = parameters.text("interface")?;
        parameters.finish()?;
        match interface.as_str() {
            PROTOCOL => Ok(json!({ "description": PROTOCOL_DESCRIPTION })),
            name if name == self.interface => Ok(json!({ "description": self.description })),
            _ => Err(CallError::InterfaceNotFound(interface)),
        }
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use serde_json::json;

    use super::Service;
    use crate::{Call, CallError, Reply};

    pub const SERVICE: Service = Service {
        interface: "org.example",
        description: "# An example.\ninterface org.example\n",
        vendor: "example",
        product: "example",
        version: "1",
        url: "https://example.org",
    };

    fn reply(call: &Call) -> Option<Reply> {
        SERVICE.reply(call)
    }

    fn error(method: &str) -> Option<CallError> {
        reply(&Call { method: method.into(), ..Call::default() })?.err()
    }

    #[test]
    fn reply_to_unknown_interface_or_method_is_protocol_error() {
        assert_eq!(error("no.such.Thing"), Some(CallError::InterfaceNotFound("no.such".into())));
        assert_eq!(error("nothing"), Some(CallError::InterfaceNotFound("nothing".into())));
        assert_eq!(error(""), Some(CallError::InterfaceNotFound(String::new())));
        assert_eq!(error("org.varlink.service.No"), Some(CallError::MethodNotFound("No".into())));
        let missing = error("org.varlink.service.GetInterfaceDescription");
        assert_eq!(missing, Some(CallError::InvalidParameter("interface".into())));
        assert_eq!(reply(&Call { method: "org.example.Any".into(), ..Call::default() }), None);
        let upgrade =
            Call { method: "org.example.Stats".into(), upgrade: Some(true), ..Call::default() };
        assert_eq!(
            reply(&upgrade),
            Some(Err(CallError::MethodNotImplemented(upgrade.method.clone())))
        );
    }

    #[test]
    fn every_interface_in_info_has_description() {
        let info = reply(&Call { method: "org.varlink.service.GetInfo".into(), ..Call::default() });
        let info = info.expect("an own method").expect("a result");
        assert_eq!(info["interfaces"], json!(["org.example", "org.varlink.service"]));
        for interface in info["interfaces"].as_array().expect("a list") {
            let parameters = json!({ "interface": interface }).as_object().cloned();
            let method = "org.varlink.service.GetInterfaceDescription".into();
            let reply = reply(&Call { method, parameters, ..Call::default() });
            let reply = reply.expect("an own method").expect("a result");
            let head = format!("\ninterface {}\n", interface.as_str().expect("a name"));
            assert!(reply["description"].as_str().expect("a text").contains(&head));
        }
    }
}
