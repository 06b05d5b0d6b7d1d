//! What a workspace wants to be told, and how. Six kinds of news, each by e-mail and webhook; every
//! answer carries all of them, because typed clients read them without looking.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// A kind of news.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, sqlx::Type, ToSchema)]
#[serde(rename_all = "camelCase")]
#[sqlx(type_name = "TEXT", rename_all = "camelCase")]
#[schema(as = NotificationType)]
pub enum News {
    Failure,
    Success,
    /// The source's schema has changed, and the connection has followed.
    ConnectionUpdate,
    /// The source's schema has changed, and somebody has to look at it.
    ConnectionUpdateActionRequired,
    SyncDisabled,
    SyncDisabledWarning,
}

/// All six kinds of news, complete.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Notifications {
    pub failure: Channels,
    pub success: Channels,
    pub connection_update: Channels,
    pub connection_update_action_required: Channels,
    pub sync_disabled: Channels,
    pub sync_disabled_warning: Channels,
}

/// How one kind of news is sent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Channels {
    pub email: Email,
    pub webhook: Webhook,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Email {
    pub enabled: bool,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Webhook {
    pub enabled: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
}

impl Channels {
    fn by_email(enabled: bool) -> Self {
        Self {
            email: Email { enabled },
            webhook: Webhook {
                enabled: false,
                url: None,
            },
        }
    }
}

impl Default for Notifications {
    /// Everything by e-mail but success, nothing by webhook.
    fn default() -> Self {
        Self {
            failure: Channels::by_email(true),
            success: Channels::by_email(false),
            connection_update: Channels::by_email(true),
            connection_update_action_required: Channels::by_email(true),
            sync_disabled: Channels::by_email(true),
            sync_disabled_warning: Channels::by_email(true),
        }
    }
}

/// What a request may say of notifications: any kind, any channel; what is absent stays as it is.
#[derive(Debug, Clone, Default, Deserialize, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = NotificationsConfig)]
pub struct NotificationsChange {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub failure: Option<ChannelsChange>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub success: Option<ChannelsChange>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub connection_update: Option<ChannelsChange>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub connection_update_action_required: Option<ChannelsChange>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sync_disabled: Option<ChannelsChange>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sync_disabled_warning: Option<ChannelsChange>,
}

#[derive(Debug, Clone, Default, Deserialize, Serialize, ToSchema)]
#[schema(as = NotificationConfig)]
pub struct ChannelsChange {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub email: Option<EmailChange>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub webhook: Option<WebhookChange>,
}

#[derive(Debug, Clone, Default, Deserialize, Serialize, ToSchema)]
#[schema(as = EmailNotificationConfig)]
pub struct EmailChange {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub enabled: Option<bool>,
}

#[derive(Debug, Clone, Default, Deserialize, Serialize, ToSchema)]
#[schema(as = WebhookNotificationConfig)]
pub struct WebhookChange {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub enabled: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
}

/// A webhook that would be enabled without a URL to call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct UrlMissing {
    /// The kind of news, as requests spell it.
    pub member: &'static str,
}

impl Notifications {
    /// How this kind of news is sent.
    #[must_use]
    pub fn channels(&self, news: News) -> &Channels {
        match news {
            News::Failure => &self.failure,
            News::Success => &self.success,
            News::ConnectionUpdate => &self.connection_update,
            News::ConnectionUpdateActionRequired => &self.connection_update_action_required,
            News::SyncDisabled => &self.sync_disabled,
            News::SyncDisabledWarning => &self.sync_disabled_warning,
        }
    }

    /// These notifications with the change applied, member by member and channel by channel.
    ///
    /// # Errors
    /// When a webhook that the change touches is left enabled without a URL.
    pub fn changed(mut self, change: &NotificationsChange) -> Result<Self, UrlMissing> {
        let members = [
            ("failure", &mut self.failure, &change.failure),
            ("success", &mut self.success, &change.success),
            (
                "connectionUpdate",
                &mut self.connection_update,
                &change.connection_update,
            ),
            (
                "connectionUpdateActionRequired",
                &mut self.connection_update_action_required,
                &change.connection_update_action_required,
            ),
            (
                "syncDisabled",
                &mut self.sync_disabled,
                &change.sync_disabled,
            ),
            (
                "syncDisabledWarning",
                &mut self.sync_disabled_warning,
                &change.sync_disabled_warning,
            ),
        ];
        for (member, channels, change) in members {
            if let Some(change) = change {
                channels.apply(change).map_err(|()| UrlMissing { member })?;
            }
        }
        Ok(self)
    }
}

impl Channels {
    /// Where to call, when it is wanted.
    #[must_use]
    pub fn webhook(&self) -> Option<&str> {
        let url = self.webhook.url.as_deref().map(str::trim);
        url.filter(|url| self.webhook.enabled && !url.is_empty())
    }

    fn apply(&mut self, change: &ChannelsChange) -> Result<(), ()> {
        if let Some(enabled) = change.email.as_ref().and_then(|email| email.enabled) {
            self.email.enabled = enabled;
        }
        let Some(webhook) = &change.webhook else {
            return Ok(());
        };
        if let Some(enabled) = webhook.enabled {
            self.webhook.enabled = enabled;
        }
        if let Some(url) = &webhook.url {
            self.webhook.url = Some(url.clone());
        }
        let callable = self
            .webhook
            .url
            .as_deref()
            .is_some_and(|url| !url.trim().is_empty());
        if self.webhook.enabled && !callable {
            Err(())
        } else {
            Ok(())
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn change(value: serde_json::Value) -> NotificationsChange {
        serde_json::from_value(value).expect("a change")
    }

    #[test]
    fn a_change_touches_only_the_channel_it_names() {
        let webhook = json!({ "success": { "webhook": { "enabled": true, "url": "https://hooks.example.org/x" } } });
        let changed = Notifications::default()
            .changed(&change(webhook))
            .expect("allowed");
        assert!(!changed.success.email.enabled);
        assert_eq!(
            changed.success.webhook.url.as_deref(),
            Some("https://hooks.example.org/x")
        );
        let email = json!({ "success": { "email": { "enabled": true } }, "failure": null });
        let changed = changed.changed(&change(email)).expect("allowed");
        assert!(
            changed.success.email.enabled
                && changed.success.webhook.enabled
                && changed.failure.email.enabled
        );
    }

    #[test]
    fn a_webhook_needs_a_url() {
        for wrong in [
            json!({ "enabled": true }),
            json!({ "enabled": true, "url": " " }),
        ] {
            let change = change(json!({ "syncDisabled": { "webhook": wrong } }));
            assert_eq!(
                Notifications::default().changed(&change),
                Err(UrlMissing {
                    member: "syncDisabled"
                })
            );
        }
    }
}
