//! Parameters of a call, checked one by one.

use serde_json::{Map, Value};

use super::error::CallError;
use super::message::Call;

/// Parameters of a call. A method takes those that it knows, and then calls [`finish`](Self::finish).
#[derive(Debug, Clone, Default)]
pub struct Parameters(Map<String, Value>);

impl Parameters {
    /// Copies the parameters of a call.
    pub fn new(call: &Call) -> Self {
        Self(call.parameters.clone().unwrap_or_default())
    }

    /// Takes a boolean; a missing one is `false`.
    ///
    /// # Errors
    /// [`CallError::InvalidParameter`] if it has another type.
    pub fn flag(&mut self, name: &str) -> Result<bool, CallError> {
        match self.0.remove(name) {
            None | Some(Value::Null) => Ok(false),
            Some(Value::Bool(flag)) => Ok(flag),
            Some(_) => Err(CallError::InvalidParameter(name.to_owned())),
        }
    }

    /// Takes a string.
    ///
    /// # Errors
    /// [`CallError::InvalidParameter`] if it is missing or has another type.
    pub fn text(&mut self, name: &str) -> Result<String, CallError> {
        match self.0.remove(name) {
            Some(Value::String(text)) => Ok(text),
            _ => Err(CallError::InvalidParameter(name.to_owned())),
        }
    }

    /// Takes a string that may be missing or null.
    ///
    /// # Errors
    /// [`CallError::InvalidParameter`] if it has another type.
    pub fn optional_text(&mut self, name: &str) -> Result<Option<String>, CallError> {
        match self.0.remove(name) {
            None | Some(Value::Null) => Ok(None),
            Some(Value::String(text)) => Ok(Some(text)),
            Some(_) => Err(CallError::InvalidParameter(name.to_owned())),
        }
    }

    /// Takes a number without a sign.
    ///
    /// # Errors
    /// [`CallError::InvalidParameter`] if it is missing, negative or has another type.
    pub fn number(&mut self, name: &str) -> Result<u64, CallError> {
        let number = self.0.remove(name).and_then(|value| value.as_u64());
        number.ok_or_else(|| CallError::InvalidParameter(name.to_owned()))
    }

    /// Checks that all parameters were taken.
    ///
    /// # Errors
    /// [`CallError::InvalidParameter`] if one is left, which the method does not have.
    pub fn finish(self) -> Result<(), CallError> {
        match self.0.keys().next() {
            None => Ok(()),
            Some(name) => Err(CallError::InvalidParameter(name.clone())),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::{Call, CallError, Parameters};

    fn parameters(parameters: &Value) -> Parameters {
        let parameters = parameters.as_object().cloned();
        Parameters::new(&Call { method: "a.B".into(), parameters, ..Call::default() })
    }

    fn invalid<T>(name: &str) -> Result<T, CallError> {
        Err(CallError::InvalidParameter(name.to_owned()))
    }

    #[test]
    fn flag_missing_is_false_and_other_type_is_error() {
        assert_eq!(parameters(&json!({"yes": true})).flag("yes"), Ok(true));
        assert_eq!(parameters(&json!({})).flag("yes"), Ok(false));
        assert_eq!(parameters(&json!({"yes": null})).flag("yes"), Ok(false));
        assert_eq!(parameters(&json!({"yes": 1})).flag("yes"), invalid("yes"));
    }

    #[test]
    fn text_missing_or_of_other_type_is_error() {
        assert_eq!(parameters(&json!({"name": "x"})).text("name"), Ok("x".into()));
        assert_eq!(parameters(&json!({})).text("name"), invalid("name"));
        assert_eq!(parameters(&json!({"name": 1})).text("name"), invalid("name"));
    }

    #[test]
    fn number_missing_negative_or_of_other_type_is_error() {
        assert_eq!(parameters(&json!({"count": 7})).number("count"), Ok(7));
        for other in [json!({}), json!({"count": -7}), json!({"count": 7.5}), json!({"count": "7"})]
        {
            assert_eq!(parameters(&other).number("count"), invalid("count"), "{other}");
        }
    }

    #[test]
    fn finish_with_unknown_parameter_is_error() {
        assert_eq!(parameters(&json!({"other": 1})).finish(), invalid("other"));
        let mut all = parameters(&json!({"yes": true}));
        assert_eq!((all.flag("yes"), all.finish()), (Ok(true), Ok(())));
    }
}
