//! Parameters of the path: each is an extractor that brings its problem and its part of the document.

/// Defines the extractor of a parameter that the path names. It reads the parameter, answers with its code
/// where the text is none, and describes itself to `#[utoipa::path(params(…))]` and
/// [`problem_responses!`](crate::problem_responses):
///
/// ```
/// web::path_parameter!(
///     /// The slot in the path.
///     pub SlotInPath(kernel::id::Slug) is "slot", or SlotNotFound;
///     "The name of the slot.", "boe-0700"
/// );
/// ```
#[macro_export]
macro_rules! path_parameter {
    (
        $(#[$doc:meta])* $vis:vis $name:ident($parameter:ty) is $named:literal, or $code:ident;
        $description:literal, $example:literal
    ) => {
        $(#[$doc])*
        $vis struct $name($vis $parameter);

        impl $crate::problem::Answers for $name {
            const CODES: &'static [$crate::Code] = &[$crate::Code::$code];
        }

        impl $crate::reexport::actix_web::FromRequest for $name {
            type Error = $crate::Problem;
            type Future = ::std::future::Ready<::std::result::Result<Self, $crate::Problem>>;

            fn from_request(
                request: &$crate::reexport::actix_web::HttpRequest,
                _: &mut $crate::reexport::actix_web::dev::Payload,
            ) -> Self::Future {
                let read = request.match_info().query($named).parse();
                ::std::future::ready(
                    read.map(Self).map_err(|_| $crate::Problem::new($crate::Code::$code)),
                )
            }
        }

        impl $crate::reexport::utoipa::IntoParams for $name {
            fn into_params(
                _: impl Fn() -> ::std::option::Option<$crate::reexport::utoipa::openapi::path::ParameterIn>,
            ) -> ::std::vec::Vec<$crate::reexport::utoipa::openapi::path::Parameter> {
                ::std::vec![$crate::path::parameter($named, $description, $example)]
            }
        }
    };
}

use utoipa::PartialSchema;
use utoipa::openapi::Required;
use utoipa::openapi::path::{Parameter, ParameterBuilder, ParameterIn};

/// How a parameter of the path stands in the document.
#[must_use]
pub fn parameter(name: &str, description: &str, example: &str) -> Parameter {
    ParameterBuilder::new()
        .name(name)
        .parameter_in(ParameterIn::Path)
        .required(Required::True)
        .description(Some(description))
        .schema(Some(String::schema()))
        .example(Some(example.into()))
        .build()
}
