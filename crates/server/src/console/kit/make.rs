//! Forms that make something: the fields are members of the operation's input ([`super::members`]); a form that is refused
//! comes back with what was typed. Called by the pages that create.

use axum::response::Response;
use http::StatusCode;
use poolhouse_engine::error::Error;
use serde_json::Value as Json;

use super::members::{blame, take};
use super::view::{Block, Field, Form};
use super::visit::{Posted, Stop, Visit};
use crate::pages::fields::Link;

/// A form for one operation.
pub struct Making {
    pub operation: &'static str,
    /// Absent for what belongs to no pool.
    pub pool: Option<String>,
    pub crumbs: Vec<Link>,
    /// The page's title and the button: `Create user pool`.
    pub submit: &'static str,
    pub lead: &'static str,
    pub url: String,
    /// Where Cancel leads.
    pub back: String,
    pub fields: fn(&Json) -> Vec<Field>,
}

impl Making {
    /// The empty form, with what it starts from. `example` is what the equivalent call makes.
    pub async fn show(&self, mut visit: Visit, start: &Json, example: &Json) -> Response {
        visit.would_call(self.operation, example);
        self.page(visit, start, None).await
    }

    /// The input of the operation, as posted.
    pub fn input(&self, start: &Json, posted: &Posted) -> Json {
        let mut input = start.clone();
        take(&mut input, self.operation, &(self.fields)(start), posted);
        input
    }

    /// The form again, with why it was refused.
    ///
    /// # Errors
    /// [`Stop`] with a page where the fault is ours.
    pub async fn refused(&self, visit: Visit, input: &Json, error: &Error) -> Result<Response, Stop> {
        let (visit, said) = visit.said(error).await?;
        Ok(self.page(visit, input, Some(said)).await)
    }

    async fn page(&self, visit: Visit, input: &Json, error: Option<String>) -> Response {
        let mut view = visit.view(self.pool.as_deref(), self.submit, self.crumbs.clone()).await;
        view.lead = Some(self.lead.to_owned());
        let mut fields = (self.fields)(input);
        if let Some(said) = &error {
            blame(&mut fields, said);
        }
        let status = if error.is_some() { StatusCode::BAD_REQUEST } else { StatusCode::OK };
        let form = Form::new("create", &self.url, self.submit, fields).or_cancel(&self.back).refused(error);
        view.blocks.push(Block::Form(form));
        visit.show_as(status, view)
    }
}
