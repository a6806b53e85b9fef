//! Connections to the services, and calls that are repeated while a service is unavailable.

mod settle;
mod trust;

use std::time::Duration;

use keizoku_proto::accounts::accounts_service_client::AccountsServiceClient;
use keizoku_proto::accounts::contacts_service_client::ContactsServiceClient;
use keizoku_proto::accounts::directory_service_client::DirectoryServiceClient;
use keizoku_proto::forecast::forecast_service_client::ForecastServiceClient;
use keizoku_proto::healthscore::health_score_service_client::HealthScoreServiceClient;
use keizoku_proto::notification::notification_service_client::NotificationServiceClient;
use keizoku_proto::onboarding::enablement_service_client::EnablementServiceClient;
use keizoku_proto::onboarding::learning_service_client::LearningServiceClient;
use keizoku_proto::onboarding::onboarding_service_client::OnboardingServiceClient;
use keizoku_proto::risk::risk_service_client::RiskServiceClient;
use tonic::metadata::{Ascii, MetadataValue};
use tonic::service::Interceptor;
use tonic::service::interceptor::InterceptedService;
use tonic::transport::{Channel, ClientTlsConfig, Endpoint};
use tonic::{Request, Response, Status};
use tonic_types::StatusExt as _;

use crate::error::{Failure, reason_of};

pub use settle::settle;
pub use trust::Trust;

/// Largest answer; a page of a thousand accounts is far below.
const MAX_MESSAGE: usize = 64 * 1024 * 1024;
/// A question that takes longer than this has gone wrong.
const PATIENCE: Duration = Duration::from_mins(1);
const CONNECT_PATIENCE: Duration = Duration::from_secs(5);

/// A channel that says who is calling.
pub type Transport = InterceptedService<Channel, Caller>;

/// Who is calling: a bearer token, or a name where a server on loopback trusts one.
#[derive(Debug, Clone, Default)]
pub struct Caller {
    token: Option<MetadataValue<Ascii>>,
    user: Option<MetadataValue<Ascii>>,
}

/// Where the services are: usually all in one place.
#[derive(Debug, Clone)]
pub struct Endpoints {
    /// Of every service without its own.
    pub all: String,
    /// Of the accounts service.
    pub accounts: Option<String>,
    /// Of the risk service.
    pub risk: Option<String>,
    /// Of the forecast service.
    pub forecast: Option<String>,
    /// Of the notification service.
    pub notification: Option<String>,
    /// Of the onboarding service.
    pub onboarding: Option<String>,
    /// Of the healthscore service.
    pub healthscore: Option<String>,
    /// Whom to believe that they are these services.
    pub trust: Trust,
}

/// Clients of all services.
#[derive(Debug, Clone)]
pub struct Connection {
    accounts: Channel,
    risk: Channel,
    forecast: Channel,
    notification: Channel,
    onboarding: Channel,
    healthscore: Channel,
    caller: Caller,
}

impl Endpoints {
    /// Every service in one place.
    #[must_use]
    pub fn all_at(all: String) -> Self {
        Self {
            all,
            accounts: None,
            risk: None,
            forecast: None,
            notification: None,
            onboarding: None,
            healthscore: None,
            trust: Trust::default(),
        }
    }
}

impl Caller {
    /// A caller with a token, or with a name.
    ///
    /// # Errors
    /// When one of them holds what a header cannot.
    pub fn new(token: Option<&str>, user: Option<&str>) -> Result<Self, Failure> {
        let header = |text: &str| {
            let unusable = || Failure::Usage("token and user hold printable ASCII only".to_owned());
            text.parse().map_err(|_| unusable())
        };
        Ok(Self {
            token: token
                .map(|token| header(&format!("Bearer {token}")))
                .transpose()?,
            user: user.map(header).transpose()?,
        })
    }
}

impl Interceptor for Caller {
    fn call(&mut self, mut request: Request<()>) -> Result<Request<()>, Status> {
        let headers = [("authorization", &self.token), ("keizoku-user", &self.user)];
        for (name, value) in headers {
            if let Some(value) = value {
                request.metadata_mut().insert(name, value.clone());
            }
        }
        Ok(request)
    }
}

impl Connection {
    /// Clients over a channel that leads to every service.
    #[must_use]
    pub fn over(channel: Channel, caller: Caller) -> Self {
        Self {
            accounts: channel.clone(),
            risk: channel.clone(),
            forecast: channel.clone(),
            notification: channel.clone(),
            onboarding: channel.clone(),
            healthscore: channel,
            caller,
        }
    }

    /// Connects. Where services are in several places, to each when it is first called: one that is
    /// away does not keep the others from answering.
    ///
    /// # Errors
    /// When an endpoint is none, or nobody answers where all services are.
    pub async fn open(endpoints: &Endpoints, caller: Caller) -> Result<Self, Failure> {
        let own = [
            &endpoints.accounts,
            &endpoints.risk,
            &endpoints.forecast,
            &endpoints.notification,
            &endpoints.onboarding,
            &endpoints.healthscore,
        ];
        let places = own.map(|own| own.as_deref().unwrap_or(endpoints.all.as_str()));
        let [
            accounts,
            risk,
            forecast,
            notification,
            onboarding,
            healthscore,
        ] = places;
        let has_token = caller.token.is_some();
        let tls = endpoints.trust.tls()?;
        let endpoint = |address: &str| endpoint(address, &tls, has_token);
        if places.iter().all(|place| *place == accounts) {
            let channel = connect(accounts, &endpoint(accounts)?).await?;
            return Ok(Self::over(channel, caller));
        }
        Ok(Self {
            accounts: endpoint(accounts)?.connect_lazy(),
            risk: endpoint(risk)?.connect_lazy(),
            forecast: endpoint(forecast)?.connect_lazy(),
            notification: endpoint(notification)?.connect_lazy(),
            onboarding: endpoint(onboarding)?.connect_lazy(),
            healthscore: endpoint(healthscore)?.connect_lazy(),
            caller,
        })
    }

    /// A client of the accounts service.
    #[must_use]
    pub fn accounts(&self) -> AccountsServiceClient<Transport> {
        AccountsServiceClient::with_interceptor(self.accounts.clone(), self.caller.clone())
            .max_decoding_message_size(MAX_MESSAGE)
    }

    /// A client of contacts and the contact log.
    #[must_use]
    pub fn contacts(&self) -> ContactsServiceClient<Transport> {
        ContactsServiceClient::with_interceptor(self.accounts.clone(), self.caller.clone())
            .max_decoding_message_size(MAX_MESSAGE)
    }

    /// A client of the directory.
    #[must_use]
    pub fn directory(&self) -> DirectoryServiceClient<Transport> {
        DirectoryServiceClient::with_interceptor(self.accounts.clone(), self.caller.clone())
            .max_decoding_message_size(MAX_MESSAGE)
    }

    /// A client of the risk service.
    #[must_use]
    pub fn risks(&self) -> RiskServiceClient<Transport> {
        RiskServiceClient::with_interceptor(self.risk.clone(), self.caller.clone())
            .max_decoding_message_size(MAX_MESSAGE)
    }

    /// A client of the forecast service.
    #[must_use]
    pub fn forecasts(&self) -> ForecastServiceClient<Transport> {
        ForecastServiceClient::with_interceptor(self.forecast.clone(), self.caller.clone())
            .max_decoding_message_size(MAX_MESSAGE)
    }

    /// A client of the notification service.
    #[must_use]
    pub fn notifications(&self) -> NotificationServiceClient<Transport> {
        NotificationServiceClient::with_interceptor(self.notification.clone(), self.caller.clone())
            .max_decoding_message_size(MAX_MESSAGE)
    }

    /// A client of the onboarding service.
    #[must_use]
    pub fn onboardings(&self) -> OnboardingServiceClient<Transport> {
        OnboardingServiceClient::with_interceptor(self.onboarding.clone(), self.caller.clone())
            .max_decoding_message_size(MAX_MESSAGE)
    }

    /// A client of what the onboarding service knows of contents and seminars.
    #[must_use]
    pub fn learning(&self) -> LearningServiceClient<Transport> {
        LearningServiceClient::with_interceptor(self.onboarding.clone(), self.caller.clone())
            .max_decoding_message_size(MAX_MESSAGE)
    }

    /// A client of what the onboarding service knows of programmes for new members.
    #[must_use]
    pub fn enablement(&self) -> EnablementServiceClient<Transport> {
        EnablementServiceClient::with_interceptor(self.onboarding.clone(), self.caller.clone())
            .max_decoding_message_size(MAX_MESSAGE)
    }

    /// A client of the healthscore service.
    #[must_use]
    pub fn health_scores(&self) -> HealthScoreServiceClient<Transport> {
        HealthScoreServiceClient::with_interceptor(self.healthscore.clone(), self.caller.clone())
            .max_decoding_message_size(MAX_MESSAGE)
    }
}

fn endpoint(address: &str, tls: &ClientTlsConfig, has_token: bool) -> Result<Endpoint, Failure> {
    let with_scheme = if address.contains("://") {
        address.to_owned()
    } else {
        format!("http://{address}")
    };
    let unusable = |_| {
        Failure::Usage(format!(
            "`{address}` is not an endpoint; write it like http://127.0.0.1:7420"
        ))
    };
    let mut endpoint = Endpoint::from_shared(with_scheme).map_err(unusable)?;
    if endpoint.uri().scheme_str() == Some("https") {
        endpoint = endpoint.tls_config(tls.clone()).map_err(|error| {
            let cause = std::error::Error::source(&error).map(ToString::to_string);
            let why = cause.unwrap_or_else(|| error.to_string());
            Failure::Usage(format!("TLS cannot be used with these certificates: {why}"))
        })?;
    } else if has_token && !trust::is_this_machine(endpoint.uri()) {
        return Err(Failure::Usage(format!(
            "a token is sent over https only, and {address} is not on this machine"
        )));
    }
    Ok(endpoint.connect_timeout(CONNECT_PATIENCE).tcp_nodelay(true))
}

async fn connect(address: &str, endpoint: &Endpoint) -> Result<Channel, Failure> {
    let channel = endpoint.connect().await;
    channel.map_err(|source| Failure::Unreachable {
        endpoint: address.to_owned(),
        source: Box::new(source),
    })
}

/// Calls, and calls again while the service is unavailable. The request stays the same, and with
/// it its request id: a mutation whose first answer was lost takes effect once.
///
/// # Errors
/// When the service refuses, or stays unavailable.
pub async fn call<T>(
    mut attempt: impl AsyncFnMut() -> Result<Response<T>, Status>,
) -> Result<T, Failure> {
    let mut retries = Retries::default();
    loop {
        let answer = tokio::time::timeout(PATIENCE, attempt())
            .await
            .unwrap_or_else(|_| {
                Err(Status::deadline_exceeded(format!(
                    "no answer within {} s",
                    PATIENCE.as_secs()
                )))
            });
        match answer {
            Ok(response) => return Ok(response.into_inner()),
            Err(status) => retries.wait_or_give_up(status).await?,
        }
    }
}

/// How often something was tried in vain.
#[derive(Debug, Default)]
pub(crate) struct Retries(u32);

impl Retries {
    const MOST: u32 = 5;
    const FIRST_WAIT: Duration = Duration::from_millis(200);
    const LONGEST_WAIT: Duration = Duration::from_secs(5);

    /// Waits before the next try; gives up when the refusal is final or it was tried often enough.
    pub(crate) async fn wait_or_give_up(&mut self, status: Status) -> Result<(), Failure> {
        if self.0 >= Self::MOST || !is_worth_another_try(&status) {
            return Err(status.into());
        }
        let asked_for = status
            .get_details_retry_info()
            .and_then(|info| info.retry_delay);
        let wait = asked_for.unwrap_or(Self::FIRST_WAIT * 2_u32.pow(self.0));
        self.0 += 1;
        tokio::time::sleep(wait.min(Self::LONGEST_WAIT)).await;
        Ok(())
    }
}

fn is_worth_another_try(status: &Status) -> bool {
    let lost_connection = std::error::Error::source(status).is_some();
    let reason = reason_of(status);
    status.code() == tonic::Code::Unavailable
        || lost_connection
        || matches!(
            reason.as_deref(),
            Some("CONTENTION" | "OUTCOME_UNKNOWN" | "OVERLOADED")
        )
}
