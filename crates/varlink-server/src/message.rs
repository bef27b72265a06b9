//! The messages of Varlink: a call, and the reply to it or the error.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

/// Interface that every Varlink service has; also the namespace of the protocol's errors.
pub(crate) const PROTOCOL: &str = "org.varlink.service";

/// What a client asks for. Members that the protocol does not have are ignored.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Call {
    /// Interface and method: `org.example.Ping`.
    pub method: String,
    /// By name.
    #[serde(default)]
    pub parameters: Option<Map<String, Value>>,
    /// No reply is wanted.
    #[serde(default, skip_serializing_if = "is_not_set")]
    pub oneway: Option<bool>,
    /// More than one reply would be taken. No method here gives more than one.
    #[serde(default, skip_serializing_if = "is_not_set")]
    pub more: Option<bool>,
    /// Another protocol is to follow the reply, which no method here offers.
    #[serde(default, skip_serializing_if = "is_not_set")]
    pub upgrade: Option<bool>,
}

/// What a method gives.
pub type Reply = Result<Value, Refusal>;

/// Why a call has no result.
#[derive(Debug, Clone, PartialEq)]
pub enum Refusal {
    /// There is no interface of that name.
    Interface(String),
    /// Its interface has no method of that name.
    Method(String),
    /// Not in the way that was asked for.
    NotImplemented(String),
    /// A parameter that the method does not have, or of another type.
    Parameter(String),
    /// An error of our own interface, and its parameters.
    Own(&'static str, Value),
}

/// A reply as it is sent.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Response {
    /// The name of the error, if it is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
    /// What comes back, or what is to be said of the error.
    #[serde(default)]
    pub parameters: Value,
}

fn is_not_set(flag: &Option<bool>) -> bool {
    *flag != Some(true)
}

impl Call {
    /// Reads a message; `None` if it is no call.
    pub fn read(bytes: &[u8]) -> Option<Self> {
        serde_json::from_slice(bytes).ok()
    }

    /// Interface and method.
    pub fn name(&self) -> (&str, &str) {
        self.method.rsplit_once('.').unwrap_or((&self.method, ""))
    }

    /// Whether no reply is wanted.
    pub fn is_oneway(&self) -> bool {
        self.oneway == Some(true)
    }
}

/// The parameters of a call, taken one by one.
#[derive(Debug, Clone, Default)]
pub struct Parameters(Map<String, Value>);

impl Parameters {
    /// Those of a call.
    pub fn of(call: &Call) -> Self {
        Self(call.parameters.clone().unwrap_or_default())
    }

    /// A flag; not there is `false`.
    ///
    /// # Errors
    /// When it is something else.
    pub fn flag(&mut self, name: &str) -> Result<bool, Refusal> {
        match self.0.remove(name) {
            None | Some(Value::Null) => Ok(false),
            Some(Value::Bool(flag)) => Ok(flag),
            Some(_) => Err(Refusal::Parameter(name.to_owned())),
        }
    }

    /// A text.
    ///
    /// # Errors
    /// When it is not there or something else.
    pub fn text(&mut self, name: &str) -> Result<String, Refusal> {
        match self.0.remove(name) {
            Some(Value::String(text)) => Ok(text),
            _ => Err(Refusal::Parameter(name.to_owned())),
        }
    }

    /// All were taken.
    ///
    /// # Errors
    /// When one is left, which the method does not have.
    pub fn end(self) -> Result<(), Refusal> {
        match self.0.keys().next() {
            None => Ok(()),
            Some(name) => Err(Refusal::Parameter(name.clone())),
        }
    }
}

impl Response {
    /// Makes the message of a reply to a call of `interface`.
    pub fn new(interface: &str, reply: Reply) -> Self {
        let (error, parameters) = match reply {
            Ok(parameters) => return Self { error: None, parameters },
            Err(Refusal::Interface(name)) => ("InterfaceNotFound", json!({ "interface": name })),
            Err(Refusal::Method(name)) => ("MethodNotFound", json!({ "method": name })),
            Err(Refusal::NotImplemented(name)) => {
                ("MethodNotImplemented", json!({ "method": name }))
            }
            Err(Refusal::Parameter(name)) => ("InvalidParameter", json!({ "parameter": name })),
            Err(Refusal::Own(name, parameters)) => {
                let error = Some(format!("{interface}.{name}"));
                return Self { error, parameters };
            }
        };
        Self { error: Some(format!("{PROTOCOL}.{error}")), parameters }
    }
}

#[cfg(test)]
mod tests {
    use proptest::collection::vec;
    use proptest::prelude::{any, proptest};
    use serde_json::{Value, json};

    use super::{Call, Parameters, Refusal, Response};

    proptest! {
        #[test]
        fn whatever_comes_is_a_call_or_none(bytes in vec(any::<u8>(), 0..200)) {
            let value = serde_json::from_slice::<Value>(&bytes);
            let named = value.is_ok_and(|value| value["method"].is_string());
            assert!(named || Call::read(&bytes).is_none());
        }
    }

    #[test]
    fn calls_are_read_as_the_protocol_has_them() {
        let read = |value: Value| Call::read(value.to_string().as_bytes());
        let plain = Call { method: "a.b.C".into(), ..Call::default() };
        assert_eq!(read(json!({"method": "a.b.C"})), Some(plain.clone()));
        assert_eq!(plain.name(), ("a.b", "C"));
        assert_eq!(read(json!({"method": "a.b.C", "parameters": null, "new": 1})), Some(plain));
        for wrong in [
            json!({}),
            json!([]),
            json!({"method": 1}),
            json!({"method": "a.B", "parameters": []}),
            json!({"method": "a.B", "oneway": "yes"}),
        ] {
            assert_eq!(read(wrong.clone()), None, "{wrong}");
        }
        // So deep that a parser without a limit would run out of stack.
        assert_eq!(Call::read("[".repeat(60_000).as_bytes()), None);
    }

    #[test]
    fn parameters_are_checked() {
        let call = |parameters: Value| {
            let call = json!({"method": "a.B", "parameters": parameters}).to_string();
            Parameters::of(&Call::read(call.as_bytes()).expect("a call"))
        };
        assert_eq!(call(json!({"yes": true})).flag("yes"), Ok(true));
        assert_eq!(call(json!({})).flag("yes"), Ok(false));
        assert_eq!(call(json!({"yes": 1})).flag("yes"), Err(Refusal::Parameter("yes".into())));
        assert_eq!(call(json!({"other": 1})).end(), Err(Refusal::Parameter("other".into())));
        assert_eq!(call(json!({})).text("name"), Err(Refusal::Parameter("name".into())));
    }

    #[test]
    fn refusals_have_the_names_of_the_protocol() {
        let told = |refusal| {
            serde_json::to_value(Response::new("org.example", Err(refusal))).expect("JSON")
        };
        assert_eq!(
            told(Refusal::Parameter("x".into())),
            json!({"error": "org.varlink.service.InvalidParameter", "parameters": {"parameter": "x"}})
        );
        assert_eq!(
            told(Refusal::Own("Refused", json!({"generation": 1}))),
            json!({"error": "org.example.Refused", "parameters": {"generation": 1}})
        );
    }
}
