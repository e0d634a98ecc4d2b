//! Error codes: the macro behind the generated `ErrorCode`. Used by `generated::errors`; the codes by everyone.

/// A text that names no error code of the API.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnknownErrorCode(pub String);

impl std::fmt::Display for UnknownErrorCode {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "unknown error code {:?}", self.0)
    }
}

impl std::error::Error for UnknownErrorCode {}

macro_rules! error_codes {
    ($($name:ident = $status:literal,)*) => {
        /// An error of the API; the name is the text of `__type`.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum ErrorCode { $($name,)* }

        impl ErrorCode {
            /// Every code, sorted by name.
            pub const ALL: &'static [Self] = &[$(Self::$name,)*];

            /// The text of `__type` and of the header `x-amzn-ErrorType`.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$name => stringify!($name),)* }
            }

            /// HTTP status: 400, or 500 for the two faults, or 501 for what this server does not offer.
            #[must_use]
            pub const fn status(self) -> u16 {
                match self { $(Self::$name => $status,)* }
            }
        }

        impl std::fmt::Display for ErrorCode {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(self.as_str())
            }
        }

        impl std::str::FromStr for ErrorCode {
            type Err = crate::error::UnknownErrorCode;

            fn from_str(text: &str) -> Result<Self, Self::Err> {
                match text {
                    $(stringify!($name) => Ok(Self::$name),)*
                    _ => Err(crate::error::UnknownErrorCode(text.to_owned())),
                }
            }
        }
    };
}

pub(crate) use error_codes;
