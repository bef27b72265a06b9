//! Messages of Varlink: a call, and the reply to it or the error.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::error::CallError;

/// Message of a client that calls a method. Members that the protocol does not have are ignored.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Call {
    /// Interface and method: `org.example.Ping`.
    pub method: String,
    /// Parameters by name.
    #[serde(default)]
    pub parameters: Option<Map<String, Value>>,
    /// Request for no reply.
    #[serde(default, skip_serializing_if = "is_not_set")]
    pub oneway: Option<bool>,
    /// Request for more than one reply. The server sends one all the same.
    #[serde(default, skip_serializing_if = "is_not_set")]
    pub more: Option<bool>,
    /// Request to change to another protocol. The server replies with an error.
    #[serde(default, skip_serializing_if = "is_not_set")]
    pub upgrade: Option<bool>,
}

/// Result of a method: its output parameters, or an error.
pub type Reply = Result<Value, CallError>;

/// Message that replies to a call.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Response {
    /// Full name of the error; `None` if the call succeeded.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
    /// Output parameters of the method, or parameters of the error.
    #[serde(default)]
    pub parameters: Value,
}

fn is_not_set(flag: &Option<bool>) -> bool {
    *flag != Some(true)
}

impl Call {
    /// Parses a message without its NUL; `None` if it is not a call.
    pub fn parse(bytes: &[u8]) -> Option<Self> {
        serde_json::from_slice(bytes).ok()
    }

    /// Returns the names of the interface and of the method.
    pub fn name(&self) -> (&str, &str) {
        self.method.rsplit_once('.').unwrap_or((&self.method, ""))
    }

    /// Returns whether the client wants no reply.
    pub fn is_oneway(&self) -> bool {
        self.oneway == Some(true)
    }
}

impl Response {
    /// Creates the message of a reply to a call of `interface`.
    pub fn new(interface: &str, reply: Reply) -> Self {
        match reply {
            Ok(parameters) => Self { error: None, parameters },
            Err(error) => {
                let (error, parameters) = error.into_parts(interface);
                Self { error: Some(error), parameters }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::collection::vec;
    use proptest::prelude::{any, proptest};
    use serde_json::{Value, json};

    use super::{Call, CallError, Response};

    proptest! {
        #[test]
        fn parse_any_bytes_without_method_is_none(bytes in vec(any::<u8>(), 0..200)) {
            let value = serde_json::from_slice::<Value>(&bytes);
            let has_method = value.is_ok_and(|value| value["method"].is_string());
            assert!(has_method || Call::parse(&bytes).is_none());
        }
    }

    fn parse(value: &Value) -> Option<Call> {
        Call::parse(value.to_string().as_bytes())
    }

    #[test]
    fn parse_ignores_unknown_members() {
        let plain = Call { method: "a.b.C".into(), ..Call::default() };
        assert_eq!(parse(&json!({"method": "a.b.C"})), Some(plain.clone()));
        assert_eq!(plain.name(), ("a.b", "C"));
        let unknown = json!({"method": "a.b.C", "parameters": null, "new": 1});
        assert_eq!(parse(&unknown), Some(plain));
    }

    #[test]
    fn parse_wrong_types_is_none() {
        for wrong in [
            json!({}),
            json!([]),
            json!({"method": 1}),
            json!({"method": "a.B", "parameters": []}),
            json!({"method": "a.B", "oneway": "yes"}),
        ] {
            assert_eq!(parse(&wrong), None, "{wrong}");
        }
    }

    /// A parser without a limit of depth would run out of stack.
    #[test]
    fn parse_deep_nesting_is_none() {
        assert_eq!(Call::parse("[".repeat(60_000).as_bytes()), None);
    }

    fn response(error: CallError) -> Value {
        serde_json::to_value(Response::new("org.example", Err(error))).expect("JSON")
    }

    #[test]
    fn response_of_protocol_error_has_name_of_protocol() {
        assert_eq!(
            response(CallError::InvalidParameter("x".into())),
            json!({"error": "org.varlink.service.InvalidParameter", "parameters": {"parameter": "x"}})
        );
    }

    #[test]
    fn response_of_custom_error_has_name_of_interface() {
        assert_eq!(
            response(CallError::Custom("Busy", json!({"generation": 1}))),
            json!({"error": "org.example.Busy", "parameters": {"generation": 1}})
        );
    }
}
