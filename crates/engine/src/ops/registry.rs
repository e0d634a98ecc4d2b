//! Which function runs which operation. What is not listed is refused by name.
use poolhouse_wire::ops as wire;

use super::{Handler, call};

macro_rules! registry {
    ($($name:ident => $($path:ident)::+;)*) => {
        /// The operation of this name, if it is built.
        pub fn handler(name: &str) -> Option<Handler> {
            match name {
                $(stringify!($name) => Some(|ctx, input| Box::pin(call::<wire::$name, _>(ctx, input, super::$($path)::+::run)))),*,
                _ => None,
            }
        }

        /// Names of the operations that are built, in alphabetical order.
        pub fn built() -> &'static [&'static str] {
            &[$(stringify!($name)),*]
        }
    };
}

registry! {
    AddCustomAttributes => pools::add_custom_attributes;
    AddUserPoolClientSecret => clients::add_user_pool_client_secret;
    AdminAddUserToGroup => groups::admin_add_user_to_group;
    AdminConfirmSignUp => users::admin_confirm_sign_up;
    AdminCreateUser => users::admin_create_user;
    AdminDeleteUser => users::admin_delete_user;
    AdminDeleteUserAttributes => users::admin_delete_user_attributes;
    AdminDisableUser => users::admin_disable_user;
    AdminEnableUser => users::admin_enable_user;
    AdminGetUser => users::admin_get_user;
    AdminInitiateAuth => auth::admin_initiate_auth;
    AdminListGroupsForUser => groups::admin_list_groups_for_user;
    AdminRemoveUserFromGroup => groups::admin_remove_user_from_group;
    AdminResetUserPassword => users::admin_reset_user_password;
    AdminRespondToAuthChallenge => auth::admin_respond_to_auth_challenge;
    AdminSetUserPassword => users::admin_set_user_password;
    AdminUpdateUserAttributes => users::admin_update_user_attributes;
    AdminUserGlobalSignOut => users::admin_user_global_sign_out;
    ChangePassword => account::change_password;
    ConfirmForgotPassword => recovery::confirm_forgot_password;
    ConfirmSignUp => sign_up::confirm_sign_up;
    CreateGroup => groups::create_group;
    CreateResourceServer => resource_servers::create_resource_server;
    CreateUserPool => pools::create_user_pool;
    CreateUserPoolClient => clients::create_user_pool_client;
    CreateUserPoolDomain => domains::create_user_pool_domain;
    DeleteGroup => groups::delete_group;
    DeleteResourceServer => resource_servers::delete_resource_server;
    DeleteUser => account::delete_user;
    DeleteUserAttributes => account::delete_user_attributes;
    DeleteUserPool => pools::delete_user_pool;
    DeleteUserPoolClient => clients::delete_user_pool_client;
    DeleteUserPoolClientSecret => clients::delete_user_pool_client_secret;
    DeleteUserPoolDomain => domains::delete_user_pool_domain;
    DescribeResourceServer => resource_servers::describe_resource_server;
    DescribeUserPool => pools::describe_user_pool;
    DescribeUserPoolClient => clients::describe_user_pool_client;
    DescribeUserPoolDomain => domains::describe_user_pool_domain;
    ForgotPassword => recovery::forgot_password;
    GetGroup => groups::get_group;
    GetTokensFromRefreshToken => auth::get_tokens_from_refresh_token;
    GetUser => account::get_user;
    GetUserAttributeVerificationCode => account::get_user_attribute_verification_code;
    GlobalSignOut => account::global_sign_out;
    InitiateAuth => auth::initiate_auth;
    ListGroups => groups::list_groups;
    ListResourceServers => resource_servers::list_resource_servers;
    ListTagsForResource => tags::list_tags_for_resource;
    ListUserPoolClientSecrets => clients::list_user_pool_client_secrets;
    ListUserPoolClients => clients::list_user_pool_clients;
    ListUserPools => pools::list_user_pools;
    ListUsers => users::list_users;
    ListUsersInGroup => groups::list_users_in_group;
    ResendConfirmationCode => sign_up::resend_confirmation_code;
    RespondToAuthChallenge => auth::respond_to_auth_challenge;
    RevokeToken => auth::revoke_token;
    SignUp => sign_up::sign_up;
    TagResource => tags::tag_resource;
    UntagResource => tags::untag_resource;
    UpdateGroup => groups::update_group;
    UpdateResourceServer => resource_servers::update_resource_server;
    UpdateUserAttributes => account::update_user_attributes;
    UpdateUserPool => pools::update_user_pool;
    UpdateUserPoolClient => clients::update_user_pool_client;
    UpdateUserPoolDomain => domains::update_user_pool_domain;
    VerifyUserAttribute => account::verify_user_attribute;
}
