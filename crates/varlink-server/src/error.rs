//! Errors of calls.

use serde_json::{Value, json};

/// Interface that every Varlink service has; also the namespace of the protocol's errors.
pub const PROTOCOL: &str = "org.varlink.service";

/// Error reply to a call.
#[derive(Debug, Clone, PartialEq)]
pub enum CallError {
    /// The service has no interface of that name.
    InterfaceNotFound(String),
    /// The interface has no method of that name.
    MethodNotFound(String),
    /// The method exists, but not in the requested form.
    MethodNotImplemented(String),
    /// The method has no parameter of that name, or expects another type.
    InvalidParameter(String),
    /// Error of the service's own interface: its name and its parameters.
    Custom(&'static str, Value),
}

impl CallError {
    /// Returns the full name of the error, and its parameters, in reply to a call of `interface`.
    pub(crate) fn into_parts(self, interface: &str) -> (String, Value) {
        let (name, parameters) = match self {
            Self::InterfaceNotFound(name) => ("InterfaceNotFound", json!({ "interface": name })),
            Self::MethodNotFound(name) => ("MethodNotFound", json!({ "method": name })),
            Self::MethodNotImplemented(name) => ("MethodNotImplemented", json!({ "method": name })),
            Self::InvalidParameter(name) => ("InvalidParameter", json!({ "parameter": name })),
            Self::Custom(name, parameters) => return (format!("{interface}.{name}"), parameters),
        };
        (format!("{PROTOCOL}.{name}"), parameters)
    }
}
