//! Access tokens: HS256 JWTs that an application buys with its secret. `expires_in` is always
//! `exp − iat`. A token is worth as much as the secret that bought it: it names the secret's
//! generation, and `callers` refuses it once that generation is no longer honoured.

use chrono::TimeDelta;
use jsonwebtoken::{Algorithm, Header, Validation};
use serde::{Deserialize, Serialize};

use super::granted::Proven;
use super::keys::Keys;
use crate::clock::{Clock, Timestamp};
use crate::domain::application::Application;
use crate::domain::ids::{ApplicationId, UserId};
use crate::error::{Error, Result};
use crate::store::applications::Credentials;
use crate::store::db::Db;

/// Whom our tokens are for.
const AUDIENCE: &str = "ferrobyte";

/// What a token says.
#[derive(Debug, Serialize)]
struct Claims<'a> {
    iss: &'a str,
    aud: &'a str,
    sub: UserId,
    client_id: &'a str,
    /// The application.
    app: ApplicationId,
    /// The generation of the secret.
    #[serde(rename = "gen")]
    generation: i64,
    iat: i64,
    exp: i64,
}

/// The application that a token is for, and the generation of the secret that buys it.
#[derive(Debug)]
pub struct Buyer {
    pub application: ApplicationId,
    pub user: UserId,
    pub client_id: String,
    pub generation: i64,
}

impl From<Credentials> for Buyer {
    /// With the current secret.
    fn from(kept: Credentials) -> Self {
        Self {
            application: kept.id,
            user: kept.user_id,
            client_id: kept.client_id,
            generation: kept.secret_generation,
        }
    }
}

impl From<Application> for Buyer {
    /// With the current secret.
    fn from(application: Application) -> Self {
        Self {
            application: application.id,
            user: application.user_id,
            client_id: application.client_id,
            generation: application.secret_generation,
        }
    }
}

/// A token just made.
#[derive(Debug)]
pub struct Token {
    pub text: String,
    /// Seconds.
    pub expires_in: i64,
    pub expires_at: Timestamp,
}

/// Issues and verifies tokens.
#[derive(Debug)]
pub struct Tokens {
    pub keys: Keys,
    pub lifetime: TimeDelta,
    /// Who says so: the public address, when it is configured.
    pub issuer: String,
}

impl Tokens {
    /// A token for an application whose secret was shown, or whose owner asks.
    ///
    /// # Errors
    /// When there is no key to sign with.
    pub async fn issue(&self, db: &Db, clock: &Clock, buyer: &Buyer) -> Result<Token> {
        self.issue_for(db, clock, buyer, self.lifetime).await
    }

    /// A token that lives as long as it is said.
    ///
    /// # Errors
    /// When there is no key to sign with.
    pub async fn issue_for(
        &self,
        db: &Db,
        clock: &Clock,
        buyer: &Buyer,
        lifetime: TimeDelta,
    ) -> Result<Token> {
        let key = self.keys.signing(db, clock).await?;
        let issued_at = clock.now();
        let expires_in = lifetime.num_seconds();
        let claims = Claims {
            iss: &self.issuer,
            aud: AUDIENCE,
            sub: buyer.user,
            client_id: &buyer.client_id,
            app: buyer.application,
            generation: buyer.generation,
            iat: issued_at.timestamp(),
            exp: issued_at.timestamp() + expires_in,
        };
        let header = Header {
            kid: Some(key.kid.clone()),
            ..Header::new(Algorithm::HS256)
        };
        let text = jsonwebtoken::encode(&header, &claims, &key.signing).map_err(Error::internal)?;
        Ok(Token {
            text,
            expires_in,
            expires_at: issued_at + lifetime,
        })
    }

    /// What a token proves, if one of our keys signed it and it has not run out.
    ///
    /// # Errors
    /// [`Error::Unauthenticated`] with what is wrong.
    pub async fn verify(&self, db: &Db, clock: &Clock, text: &str) -> Result<Proven> {
        const FOREIGN: Error =
            Error::Unauthenticated("the access token was not issued by this server");
        let header = jsonwebtoken::decode_header(text).map_err(|_| FOREIGN)?;
        let Some(key) = self
            .keys
            .find(db, clock, header.kid.as_deref().unwrap_or_default())
            .await?
        else {
            return Err(FOREIGN);
        };
        let mut validation = Validation::new(Algorithm::HS256);
        validation.set_audience(&[AUDIENCE]);
        validation.validate_exp = false; // ours is checked against our own clock
        let token = jsonwebtoken::decode::<ReadClaims>(text, &key.checking, &validation)
            .map_err(|_| FOREIGN)?;
        let proven = Proven {
            application: token.claims.app,
            user: token.claims.sub,
            generation: token.claims.generation,
            expires_at: Timestamp::from_timestamp(token.claims.exp, 0).ok_or(FOREIGN)?,
        };
        in_time(&proven, clock.now())?;
        Ok(proven)
    }
}

/// # Errors
/// [`Error::Unauthenticated`] when the token has run out.
pub fn in_time(proven: &Proven, now: Timestamp) -> Result<()> {
    if now < proven.expires_at {
        Ok(())
    } else {
        Err(Error::Unauthenticated("the access token has expired"))
    }
}

/// What we read of a token; the rest is for others.
#[derive(Debug, Deserialize)]
struct ReadClaims {
    sub: UserId,
    app: ApplicationId,
    #[serde(rename = "gen")]
    generation: i64,
    exp: i64,
}
