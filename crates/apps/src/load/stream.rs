//! Echoes over streams: the session on one side, the pure `traffic` on the other, and the clock between them.
//! It decides when a run begins and ends, but not what is sent or what is wrong with it.

use std::io;
use std::time::{Duration, Instant};

use reactor::{Address, ConnId, ConnMap, Tag, Time};

use super::content::LaneId;
use super::meter::Meter;
use super::opener::Opener;
use super::plan::{Extent, Plan};
use super::report::{Reporter, Setting, Summary};
use super::traffic::Traffic;
use crate::calling::Route;
use crate::cli::exit::{Failure, Fault, Result};
use crate::ending::{DRAIN_TIMEOUT, outcome_of};
use crate::session::{Caller, Ended, Link, Service, Via};

/// The service of `sb-load` on streams.
pub(super) struct EchoLoad {
    plan: Plan,
    setting: Setting,
    reporter: Reporter,
    opener: Opener,
    stage: Stage,
    traffic: Traffic,
    meter: Meter,
    clock: Clock,
    /// The connection of each lane.
    conns: Vec<ConnId>,
    lanes: ConnMap<LaneId>,
    /// Whose messages are heard just now, and since when.
    present: Option<(ConnId, LaneId, Time)>,
    /// A pace timer is set.
    is_paced: bool,
    lost: u64,
    overdue: u64,
    outcome: Result<()>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    /// Not all connections stand.
    Opening,
    /// Messages flow.
    Running,
    /// All is said and answered; what still comes comes too much.
    Closing,
    /// The summary is told.
    Over,
}

/// What timers are for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Beat {
    /// A second is over.
    Second,
    /// The warm-up is over.
    Warm,
    /// The time of the run is over.
    Finish,
    /// Time to see whether somebody is silent.
    Watch,
    /// Time for the next message, or soon.
    Pace,
    /// Time to leave those that do not hang up.
    Leave,
}

const BEATS: [Beat; 6] = [Beat::Second, Beat::Warm, Beat::Finish, Beat::Watch, Beat::Pace, Beat::Leave];

impl EchoLoad {
    pub(super) fn new(
        plan: Plan,
        connections: u16,
        setting: Setting,
        reporter: Reporter,
        meter: Meter,
    ) -> Self {
        Self {
            opener: Opener::new(connections),
            traffic: Traffic::new(&plan, connections),
            plan,
            setting,
            reporter,
            stage: Stage::Opening,
            meter,
            clock: Clock::Real(Instant::now()),
            conns: Vec::new(),
            lanes: ConnMap::new(),
            present: None,
            is_paced: false,
            lost: 0,
            overdue: 0,
            outcome: Ok(()),
        }
    }

    pub(super) fn route(&mut self) -> &mut Route {
        &mut self.opener.route
    }

    pub(super) fn outcome(self) -> Result<()> {
        self.outcome
    }

    /// All connections stand.
    fn begin(&mut self, link: &mut Link<'_, '_>) {
        let now = self.clock.now(link);
        self.stage = Stage::Running;
        self.meter.begin(now);
        self.traffic.begin(now);
        set(link, SECOND, Beat::Second);
        set(link, self.watch_interval(), Beat::Watch);
        if self.plan.warmup.is_zero() {
            self.measure(link, now);
        } else {
            set(link, self.plan.warmup, Beat::Warm);
        }
        self.send(link, now);
    }

    /// From now on it counts.
    fn measure(&mut self, link: &mut Link<'_, '_>, now: Time) {
        self.meter.measure(&mut self.traffic, now);
        match self.plan.extent {
            Extent::Count(messages) => self.traffic.send_until(messages),
            Extent::Time(time) => set(link, time, Beat::Finish),
        }
    }

    /// Sends what is to be sent now, within a budget.
    fn send(&mut self, link: &mut Link<'_, '_>, now: Time) {
        let mut bytes_left = SEND_BYTES_MAX;
        while let Some((lane, message)) = self.traffic.next(now) {
            if let Err(error) = link.send(self.conns[lane.index()], message) {
                self.fail(Err(error.into()));
                return self.finish(link);
            }
            let Some(left) = bytes_left.checked_sub(message.len()) else {
                return self.pace(link, Duration::ZERO);
            };
            bytes_left = left;
        }
        if let Some(wait) = self.traffic.wait(now) {
            // The loop counts in milliseconds: the last of them is spent awake.
            self.pace(link, wait.saturating_sub(GRAIN));
        }
    }

    fn pace(&mut self, link: &mut Link<'_, '_>, after: Duration) {
        if !std::mem::replace(&mut self.is_paced, true) {
            set(link, after, Beat::Pace);
        }
    }

    /// The connection that is heard, its lane, and the time at which it began to be heard in this turn.
    #[inline]
    fn present(&mut self, link: &Link<'_, '_>, id: ConnId) -> Option<(LaneId, Time)> {
        if let Some((present, lane, now)) = self.present
            && present == id
        {
            return Some((lane, now));
        }
        let lane = *self.lanes.get(id)?;
        let now = self.clock.now(link);
        self.present = Some((id, lane, now));
        self.meter.hear(now);
        Some((lane, now))
    }

    fn second(&mut self, link: &mut Link<'_, '_>, now: Time) {
        set(link, SECOND, Beat::Second);
        let second = self.meter.second(&mut self.traffic, now);
        let told = self.reporter.second(&second);
        if told.is_err() {
            self.fail(told);
            self.end(link);
        }
    }

    /// Has anybody been silent for too long?
    fn watch(&mut self, link: &mut Link<'_, '_>, now: Time) {
        set(link, self.watch_interval(), Beat::Watch);
        let silent = self.traffic.silent(self.plan.timeout, now);
        if silent > 0 {
            let (timeout, messages) = (self.plan.timeout, self.traffic.in_flight());
            let message = format!(
                "no answer for {timeout:?} on {silent} connections; {messages} messages wait for one"
            );
            self.fail(Err(Failure::new(Fault::Connection, message)));
            self.end(link);
        }
    }

    fn watch_interval(&self) -> Duration {
        (self.plan.timeout / 4).clamp(Duration::from_millis(1), SECOND)
    }

    /// Sends no more; ends when all is answered.
    fn finish(&mut self, link: &mut Link<'_, '_>) {
        self.overdue = self.traffic.overdue(self.clock.now(link));
        self.traffic.send_no_more();
        self.end_if_answered(link);
    }

    /// All is answered: our side ends, and what still comes comes too much.
    fn end_if_answered(&mut self, link: &mut Link<'_, '_>) {
        if self.stage != Stage::Running || !self.traffic.is_over() {
            return;
        }
        self.stage = Stage::Closing;
        for id in &self.conns {
            link.end_sending(*id);
        }
        set(link, LEAVE_AFTER, Beat::Leave);
        if self.lanes.is_empty() {
            self.end(link);
        }
    }

    /// Tells what was measured, and leaves.
    fn end(&mut self, link: &mut Link<'_, '_>) {
        if self.stage == Stage::Over {
            return;
        }
        let is_begun = self.stage != Stage::Opening;
        self.stage = Stage::Over;
        if is_begun {
            let told = self.tell();
            self.fail(told);
        }
        link.drain(DRAIN_TIMEOUT);
    }

    fn tell(&mut self) -> Result<()> {
        let flow = self.meter.end(&mut self.traffic);
        let wrong = self.traffic.wrong();
        self.reporter.summary(&Summary {
            kind: "summary",
            setting: self.setting.clone(),
            flow,
            wrong,
            unanswered: self.traffic.in_flight() + self.traffic.cut(),
            overdue: self.overdue,
            connections_lost: self.lost,
            load_cpu: self.meter.load_cpu(),
            server: self.meter.server(),
        })?;
        match wrong.total() {
            0 => Ok(()),
            _ => Err(Failure::new(
                Fault::Integrity,
                format!("messages did not come back as they were sent: {wrong}"),
            )),
        }
    }

    /// What went wrong first is what is told.
    fn fail(&mut self, outcome: Result<()>) {
        if self.outcome.is_ok() {
            self.outcome = outcome;
        }
    }

    /// A connection ended.
    fn lose(&mut self, link: &mut Link<'_, '_>, lane: LaneId, ended: &Ended) {
        self.lost += 1;
        self.traffic.close(lane);
        let outcome = outcome_of(ended).and(Err(Failure::new(Fault::Connection, "the server hung up on us")));
        self.fail(outcome);
        if self.lanes.is_empty() {
            self.end(link);
        }
        self.end_if_answered(link);
    }
}

impl Service for EchoLoad {
    type Command = ();

    fn open(&mut self, link: &mut Link<'_, '_>, id: ConnId, caller: Caller) {
        let lane = LaneId(self.opener.standing());
        self.lanes.insert(id, lane);
        self.conns.push(id);
        self.opener.stands(link, &caller);
        if self.opener.is_done() {
            self.begin(link);
        }
    }

    fn message(&mut self, link: &mut Link<'_, '_>, id: ConnId, message: &[u8]) {
        let Some((lane, now)) = self.present(link, id) else { return };
        self.traffic.hear(lane, message, now);
        if self.stage == Stage::Running {
            self.send(link, now);
            self.end_if_answered(link);
        }
    }

    fn close(&mut self, link: &mut Link<'_, '_>, id: ConnId, ended: &Ended) {
        let Some(lane) = self.lanes.remove(id) else { return };
        match self.stage {
            Stage::Opening => {
                self.fail(
                    outcome_of(ended).and(Err(Failure::new(Fault::Connection, "the server hung up on us"))),
                );
                self.end(link);
            }
            Stage::Running => self.lose(link, lane, ended),
            Stage::Closing if self.lanes.is_empty() => self.end(link),
            Stage::Closing | Stage::Over => {}
        }
    }

    fn turned_away(&mut self, link: &mut Link<'_, '_>, _: &Address, _: Via, ended: &Ended) {
        self.fail(outcome_of(ended));
        self.end(link);
    }

    fn unreachable(&mut self, link: &mut Link<'_, '_>, _: Tag, address: &Address, error: &io::Error) {
        match self.opener.route.unreachable(link, address, error) {
            Ok(next) => self.reporter.notes.note(format_args!("{address}: {error}; trying {next}")),
            Err(failure) => {
                self.fail(Err(failure));
                self.end(link);
            }
        }
    }

    fn timeout(&mut self, link: &mut Link<'_, '_>, tag: Tag) {
        if self.stage != Stage::Running && self.stage != Stage::Closing {
            return;
        }
        let now = self.clock.now(link);
        match Beat::of(tag) {
            Some(Beat::Second) if self.stage == Stage::Running => self.second(link, now),
            Some(Beat::Warm) => self.measure(link, now),
            Some(Beat::Finish) => self.finish(link),
            Some(Beat::Watch) if self.stage == Stage::Running => self.watch(link, now),
            Some(Beat::Pace) => {
                self.is_paced = false;
                self.send(link, now);
            }
            Some(Beat::Leave) => self.end(link),
            _ => {}
        }
    }

    fn service_actions(&mut self, _: &mut Link<'_, '_>) {
        self.present = None;
    }

    fn draining(&mut self, link: &mut Link<'_, '_>) {
        self.opener.route.give_up();
        if self.stage == Stage::Opening {
            self.fail(Err(Failure::new(Fault::Other, "interrupted before all connections stood")));
        }
        self.end(link);
    }
}

/// Where the time comes from.
#[derive(Debug)]
enum Clock {
    /// The system's, read when it is asked for: a turn of the loop may take longer than an answer.
    Real(Instant),
}

impl Clock {
    fn now(&self, _: &Link<'_, '_>) -> Time {
        match self {
            Clock::Real(began) => Time::ZERO + began.elapsed(),
        }
    }
}

impl Beat {
    fn of(tag: Tag) -> Option<Beat> {
        BEATS.get(usize::try_from(tag.0).ok()?).copied()
    }
}

fn set(link: &mut Link<'_, '_>, after: Duration, beat: Beat) {
    link.set_timer(after, Tag(beat as u64));
}

const SECOND: Duration = Duration::from_secs(1);

/// The loop's timers are late by up to this.
const GRAIN: Duration = Duration::from_millis(1);

/// Bytes that are sent before answers are looked for.
const SEND_BYTES_MAX: usize = 256 * 1024;

/// For peers to hang up after we have ended our side.
const LEAVE_AFTER: Duration = Duration::from_secs(1);
