//! The three tables: which records there are, and each one written as a line. A record is made from the
//! seed and its number alone; only `updated_at` and `emitted_at` are of the day.

use super::random::Random;
use super::text::{moment, number};
use super::words;

/// All made-up lives happen between these: 2000 and 2026.
const BEGINNING: u64 = 946_684_800;
const END: u64 = 1_767_225_600;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Table {
    Products,
    Users,
    Purchases,
}

/// What is the same in all lines of a slice.
#[derive(Debug)]
pub(super) struct Stamp {
    pub(super) seed: u64,
    /// As text, since every record holds it.
    pub(super) updated_at: String,
    /// Milliseconds since 1970.
    pub(super) emitted_at: u64,
}

impl Table {
    /// In the order of the catalog.
    pub(super) const ALL: [Self; 3] = [Self::Products, Self::Users, Self::Purchases];

    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Products => "products",
            Self::Users => "users",
            Self::Purchases => "purchases",
        }
    }

    /// How far the loop goes for a count of users. Purchases are found by their user.
    pub(super) fn length(self, count: u64) -> u64 {
        match self {
            Self::Products => count.min(100),
            Self::Users | Self::Purchases => count,
        }
    }

    /// How many records there are before this place of the loop.
    pub(super) fn records_before(self, place: u64) -> u64 {
        match self {
            Self::Products | Self::Users => place,
            // Each ten users buy ten things, but the seventh buys nothing and the ninth buys two.
            Self::Purchases => match place % 10 {
                7 | 8 => place - 1,
                _ => place,
            },
        }
    }

    /// What a record usually takes, for estimates.
    pub(super) fn usual_size(self) -> u64 {
        match self {
            Self::Products => 180,
            Self::Users => 450,
            Self::Purchases => 230,
        }
    }

    /// Writes the lines for one place of the loop.
    pub(super) fn write(self, to: &mut Vec<u8>, place: u64, stamp: &Stamp) {
        match self {
            Self::Products => line(to, self, stamp, |to| product(to, place, stamp)),
            Self::Users => line(to, self, stamp, |to| user(to, place, stamp)),
            Self::Purchases => {
                for record in self.records_before(place)..self.records_before(place + 1) {
                    line(to, self, stamp, |to| purchase(to, record, place, stamp));
                }
            }
        }
    }
}

fn line(to: &mut Vec<u8>, table: Table, stamp: &Stamp, data: impl FnOnce(&mut Vec<u8>)) {
    to.extend_from_slice(br#"{"type":"RECORD","record":{"stream":""#);
    to.extend_from_slice(table.name().as_bytes());
    to.extend_from_slice(br#"","data":{"#);
    data(to);
    to.extend_from_slice(br#"},"emitted_at":"#);
    number(to, stamp.emitted_at, 0);
    to.extend_from_slice(b"}}\n");
}

/// `"key":"text"`, with whatever goes before.
fn text(to: &mut Vec<u8>, key: &str, text: &str) {
    to.extend_from_slice(key.as_bytes());
    to.push(b'"');
    to.extend_from_slice(text.as_bytes());
    to.push(b'"');
}

fn count(to: &mut Vec<u8>, key: &str, count: u64) {
    to.extend_from_slice(key.as_bytes());
    number(to, count, 0);
}

fn time(to: &mut Vec<u8>, key: &str, seconds: u64) {
    to.extend_from_slice(key.as_bytes());
    to.push(b'"');
    moment(to, seconds);
    to.push(b'"');
}

/// Products are the same for every seed.
fn product(to: &mut Vec<u8>, place: u64, stamp: &Stamp) {
    let mut random = Random::of_record(0, 1, place);
    let (maker, model) = (place % 20, place / 20);
    let (name, models) = words::PRODUCTS[usize::try_from(maker).unwrap_or_default()];
    count(to, r#""id":"#, place + 1);
    text(to, r#","make":"#, name);
    text(
        to,
        r#","model":"#,
        models[usize::try_from(model).unwrap_or_default()],
    );
    count(to, r#","year":"#, random.between(2018, 2025));
    count(to, r#","price":"#, random.between(9_000, 60_000));
    time(to, r#","created_at":"#, 1_735_689_600);
    text(to, r#","updated_at":"#, &stamp.updated_at);
}

fn user(to: &mut Vec<u8>, place: u64, stamp: &Stamp) {
    let random = &mut Random::of_record(stamp.seed, 2, place);
    let id = place + 1;
    count(to, r#""id":"#, id);
    time(to, r#","created_at":"#, random.between(BEGINNING, END));
    text(to, r#","updated_at":"#, &stamp.updated_at);
    text(to, r#","name":"#, random.pick(words::GIVEN_NAMES));
    text(to, r#","title":"#, random.pick(words::TITLES));
    count(to, r#","age":"#, random.between(16, 66));
    // Unique, because the number is in it.
    to.extend_from_slice(br#","email":""#);
    to.extend_from_slice(random.pick(words::HANDLES).as_bytes());
    number(to, random.between(1800, 2100), 0);
    to.push(b'+');
    number(to, id, 0);
    to.push(b'@');
    to.extend_from_slice(random.pick(words::MAIL_HOSTS).as_bytes());
    // The numbers from 555-0100 to 555-0199 belong to nobody.
    to.extend_from_slice(br#"","telephone":"("#);
    number(to, random.between(201, 989), 0);
    to.extend_from_slice(b") 555-01");
    number(to, random.below(100), 2);
    to.push(b'"');
    text(to, r#","gender":"#, random.pick(words::GENDERS));
    text(to, r#","language":"#, random.pick(words::LANGUAGES));
    text(to, r#","academic_degree":"#, random.pick(words::DEGREES));
    text(to, r#","nationality":"#, random.pick(words::NATIONALITIES));
    text(to, r#","occupation":"#, random.pick(words::OCCUPATIONS));
    let height = random.between(150, 199);
    to.extend_from_slice(br#","height":"1."#);
    number(to, height - 100, 0);
    to.push(b'"');
    text(to, r#","blood_type":"#, random.pick(words::BLOOD_TYPES));
    count(to, r#","weight":"#, random.between(38, 110));
    to.extend_from_slice(br#","address":{"street_number":""#);
    number(to, random.between(1, 1400), 0);
    to.push(b'"');
    text(to, r#","street_name":"#, random.pick(words::STREETS));
    text(to, r#","city":"#, random.pick(words::CITIES));
    text(to, r#","state":"#, random.pick(words::STATES));
    text(to, r#","province":"#, random.pick(words::STATES));
    to.extend_from_slice(br#","postal_code":""#);
    number(to, random.below(100_000), 5);
    to.push(b'"');
    text(to, r#","country_code":"#, random.pick(words::COUNTRY_CODES));
    to.push(b'}');
}

/// Of ten things in the cart seven are bought, and of ten bought three come back.
fn purchase(to: &mut Vec<u8>, record: u64, place: u64, stamp: &Stamp) {
    let random = &mut Random::of_record(stamp.seed, 3, record);
    count(to, r#""id":"#, record + 1);
    count(to, r#","product_id":"#, random.between(1, 100));
    count(to, r#","user_id":"#, place + 1);
    let mut at = random.between(BEGINNING, END);
    time(to, r#","created_at":"#, at);
    text(to, r#","updated_at":"#, &stamp.updated_at);
    at = random.between(at, END);
    time(to, r#","added_to_cart_at":"#, at);
    for (key, likely) in [(r#","purchased_at":"#, 7), (r#","returned_at":"#, 3)] {
        if random.below(10) >= likely {
            break;
        }
        at = random.between(at, END);
        time(to, key, at);
    }
}
