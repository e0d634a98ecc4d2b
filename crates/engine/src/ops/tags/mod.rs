//! Tags of user pools, the only resource of this service that has any.
pub mod list_tags_for_resource;
pub mod tag_resource;
pub mod untag_resource;
