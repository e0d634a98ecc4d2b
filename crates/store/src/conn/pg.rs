//! One PostgreSQL connection: statement cache, time limit, and the task that drives the wire. Used by `pool`.

use std::collections::HashMap;
use std::future::Future;
use std::pin::pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Waker};
use std::time::Duration;

use tokio::task::JoinHandle;
use tokio_postgres::types::ToSql;
use tokio_postgres::{Client, Config, NoTls, Statement};

use super::backoff::Backoff;
use super::tls::Tls;
use crate::value::{FromRow, OwnedParam, Params, Row, RowKind};
use crate::{Error, Result};

/// A connection. Several tasks may use it at once: the statements are pipelined.
pub(crate) struct PgConn {
    client: Client,
    statements: Mutex<HashMap<(usize, usize), Statement>>,
    wire: JoinHandle<()>,
    timeout: Duration,
    backoff: Arc<Mutex<Backoff>>,
}

impl PgConn {
    /// Connects within `patience`; `timeout` holds for every statement after it.
    pub(super) async fn connect(
        config: &Config,
        tls: Option<&Tls>,
        patience: Duration,
        timeout: Duration,
        backoff: &Arc<Mutex<Backoff>>,
    ) -> Result<Self> {
        let attempt = async {
            match tls {
                None => config.connect(NoTls).await.map(|(client, wire)| (client, spawn(wire))),
                Some(tls) => config.connect(tls.clone()).await.map(|(client, wire)| (client, spawn(wire))),
            }
        };
        let (client, wire) = tokio::time::timeout(patience, attempt).await.map_err(|_| Error::Down)??;
        Ok(Self { client, statements: Mutex::default(), wire, timeout, backoff: Arc::clone(backoff) })
    }

    pub(super) fn is_closed(&self) -> bool {
        self.client.is_closed()
    }

    /// Cuts the wire: the server rolls back what was open. For a connection whose state is unknown.
    pub(super) fn abort(&self) {
        self.wire.abort();
    }

    /// Says goodbye properly.
    pub(super) async fn end(self) {
        drop(self.client);
        tokio::time::timeout(self.timeout, self.wire).await.ok();
    }

    /// Statements without parameters of the seam's own (BEGIN, SET …).
    pub(super) async fn control(&self, sql: &str) -> Result<()> {
        self.limited(self.client.batch_execute(sql)).await
    }

    /// Sends ROLLBACK without waiting; whatever is sent next stands behind it on the wire.
    pub(super) fn rollback_unawaited(&self) {
        let mut rollback = pin!(self.client.batch_execute("ROLLBACK"));
        // The first poll writes the message. Ready here means a closed connection, which the pool drops.
        let _ = rollback.as_mut().poll(&mut Context::from_waker(Waker::noop()));
    }

    pub(super) async fn query<T: FromRow>(&self, sql: &'static str, params: Params<'_>) -> Result<Vec<T>> {
        let statement = self.statement(sql, params).await?;
        let params: Vec<&(dyn ToSql + Sync)> = params.iter().map(|param| param.pg()).collect();
        let rows = self.limited(self.client.query(&statement, &params)).await?;
        rows.iter().map(|row| T::from_row(&Row(RowKind::Pg(row)))).collect()
    }

    pub(super) async fn execute(&self, sql: &'static str, params: Params<'_>) -> Result<u64> {
        let statement = self.statement(sql, params).await?;
        let params: Vec<&(dyn ToSql + Sync)> = params.iter().map(|param| param.pg()).collect();
        self.limited(self.client.execute(&statement, &params)).await
    }

    /// As [`PgConn::execute`], for a future that outlives its caller's parameters.
    pub(super) async fn execute_owned(&self, statement: &Statement, params: &[OwnedParam]) -> Result<()> {
        let params: Vec<&(dyn ToSql + Sync)> = params.iter().map(|param| &**param as _).collect();
        self.limited(self.client.execute(statement, &params)).await.map(drop)
    }

    /// The prepared statement, from the connection's own store or, the first time, from the server.
    pub(super) async fn statement(&self, sql: &'static str, params: Params<'_>) -> Result<Statement> {
        let address = (sql.as_ptr().addr(), sql.len());
        let known = self.statements.lock().unwrap_or_else(PoisonError::into_inner).get(&address).cloned();
        let statement = match known {
            Some(statement) => statement,
            None => {
                let statement = self.limited(self.client.prepare(sql)).await?;
                let mut statements = self.statements.lock().unwrap_or_else(PoisonError::into_inner);
                statements.insert(address, statement.clone());
                statement
            }
        };
        if statement.params().len() != params.len() {
            return Err(Error::Db(format!("wrong number of parameters: {sql}")));
        }
        Ok(statement)
    }

    async fn limited<T>(&self, work: impl Future<Output = Result<T, tokio_postgres::Error>>) -> Result<T> {
        let Ok(result) = tokio::time::timeout(self.timeout, work).await else {
            // A server that does not answer may answer later, to the wrong question: never use this wire again.
            self.abort();
            self.backoff.lock().unwrap_or_else(PoisonError::into_inner).failed();
            return Err(Error::Down);
        };
        let result = result.map_err(Error::from);
        if result.as_ref().is_err_and(|error| *error == Error::Down) {
            self.abort();
        }
        result
    }
}

#[expect(clippy::disallowed_methods, reason = "drives one socket and ends with its client, or by PgConn::abort")]
fn spawn<W>(wire: W) -> JoinHandle<()>
where
    W: Future<Output = Result<(), tokio_postgres::Error>> + Send + 'static,
{
    tokio::spawn(async move {
        if let Err(error) = wire.await {
            tracing::warn!(%error, "PostgreSQL connection ended");
        }
    })
}
