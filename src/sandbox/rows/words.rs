//! Word lists from which rows are made up.

/// Given names, common in the countries where the company sells.
pub(super) const FIRST_NAMES: &[&str] = &[
    "Anna", "Lukas", "Sofia", "Jonas", "Emma", "Noah", "Mia", "Leon", "Hannah", "Paul", "Clara",
    "Felix", "Marie", "Louis", "Camille", "Hugo", "Chloé", "Jules", "Inès", "Arthur", "Olivia",
    "Oliver", "Amelia", "George", "Isla", "Harry", "Freya", "Jack", "Grace", "Thomas", "Maja",
    "Erik", "Elsa", "Axel", "Linnéa", "Nils", "Giulia", "Marco", "Elena", "Matteo", "Lucía",
    "Pablo", "Carmen", "Diego", "Zofia", "Jakub", "Eva", "Daan", "Fatima", "Kenji", "Priya",
    "Omar",
];

/// Family names.
pub(super) const LAST_NAMES: &[&str] = &[
    "Schmidt",
    "Müller",
    "Weber",
    "Fischer",
    "Wagner",
    "Becker",
    "Hoffmann",
    "Koch",
    "Martin",
    "Bernard",
    "Dubois",
    "Moreau",
    "Laurent",
    "Lefebvre",
    "Garnier",
    "Smith",
    "Jones",
    "Taylor",
    "Brown",
    "Wilson",
    "Evans",
    "Walker",
    "Hughes",
    "Murphy",
    "Andersson",
    "Johansson",
    "Lindberg",
    "Nilsson",
    "Rossi",
    "Bianchi",
    "Ferrari",
    "Conti",
    "García",
    "Fernández",
    "López",
    "Moreno",
    "Kowalski",
    "Nowak",
    "de Vries",
    "Jansen",
    "Bakker",
    "Nguyen",
    "Haddad",
    "Tanaka",
    "Sharma",
    "O'Brien",
];

/// Cities by country.
pub(super) const CITIES: &[(&str, &[&str])] = &[
    ("DE", &["Berlin", "Hamburg", "München", "Köln", "Leipzig", "Freiburg", "Nürnberg"]),
    ("FR", &["Paris", "Lyon", "Nantes", "Grenoble", "Bordeaux", "Annecy"]),
    ("GB", &["London", "Manchester", "Bristol", "Leeds", "Edinburgh", "Sheffield"]),
    ("SE", &["Stockholm", "Göteborg", "Malmö", "Uppsala", "Umeå"]),
    ("NL", &["Amsterdam", "Utrecht", "Rotterdam", "Groningen"]),
    ("IT", &["Milano", "Torino", "Bologna", "Trento"]),
    ("ES", &["Madrid", "Barcelona", "Valencia", "Bilbao"]),
    ("PL", &["Warszawa", "Kraków", "Gdańsk", "Wrocław"]),
    ("US", &["Denver", "Portland", "Seattle", "Boulder", "Salt Lake City"]),
];

/// Streets.
pub(super) const STREETS: &[&str] = &[
    "Lindenallee",
    "Marktstraße",
    "Rue des Tilleuls",
    "Quai du Rhône",
    "Mill Lane",
    "Station Road",
    "Church Street",
    "Storgatan",
    "Kungsgatan",
    "Herengracht",
    "Via Garibaldi",
    "Calle Mayor",
    "Ulica Długa",
    "Pine Street",
    "Hafenweg",
    "Bergstraße",
    "Park Avenue",
    "Orchard Close",
];

/// The lines under which products are sold.
pub(super) const PRODUCT_LINES: &[&str] = &[
    "Ridge",
    "Alpine",
    "Trailhead",
    "Summit",
    "Harbour",
    "Granite",
    "Larch",
    "Kestrel",
    "Tundra",
    "Moraine",
    "Drift",
    "Cairn",
    "Boreal",
    "Ember",
    "Fjell",
];

/// Products by category.
pub(super) const PRODUCTS: &[(&str, &[&str])] = &[
    (
        "Tents",
        &["2-Person Tent", "3-Person Tent", "Family Tent 5", "Tarp 3x3", "Bivy", "Footprint"],
    ),
    (
        "Sleeping",
        &["Down Bag -5 °C", "Synthetic Bag 0 °C", "Sleeping Mat", "Inflatable Pad", "Pillow"],
    ),
    (
        "Backpacks",
        &["Daypack 22 L", "Trekking Pack 55 L", "Dry Bag 20 L", "Bike Pannier", "Hip Pack"],
    ),
    ("Footwear", &["Hiking Boot", "Trail Runner", "Approach Shoe", "Camp Sandal", "Gaiter"]),
    (
        "Clothing",
        &[
            "Rain Jacket",
            "Merino T-Shirt",
            "Fleece",
            "Softshell Trousers",
            "Down Vest",
            "Wool Socks",
        ],
    ),
    (
        "Cooking",
        &["Gas Stove", "Titanium Pot", "Cook Set", "Insulated Mug", "Spork", "Water Filter"],
    ),
    ("Lighting", &["Headlamp 400", "Lantern", "Solar Panel 10 W", "Power Bank 20"]),
    ("Climbing", &["Harness", "Helmet", "Rope 60 m", "Quickdraw Set", "Chalk Bag"]),
];

/// What reviewers write, by stars from 1.
pub(super) const REVIEWS: &[&[&str]] = &[
    &["Zip broke on the first trip.", "Leaks at the seams, sent it back.", "Wrong size twice."],
    &["Heavier than stated.", "Colour fades quickly.", "Delivery took two weeks."],
    &["Does the job, nothing more.", "Fine for the price.", "Good idea, average finish."],
    &["Solid, would buy again.", "Great fit after the first week.", "Light and warm."],
    &["Best purchase of the season!", "Survived a week of rain.", "Exactly as described."],
];

/// What customers write to the service desk.
pub(super) const TICKETS: &[&str] = &[
    "Where is my parcel?",
    "Refund not received",
    "Wrong item delivered",
    "Change delivery address",
    "Discount code does not work",
    "Damaged on arrival",
    "Invoice with VAT number needed",
    "Size exchange",
    "Cancel my order",
    "Warranty question",
];

/// Companies that make, carry or sell.
pub(super) const COMPANIES: &[&str] = &[
    "Nordwerk Textil GmbH",
    "Atelier Montagne SARL",
    "Peak District Supplies Ltd",
    "Skogsbruk AB",
    "Lowlands Canvas BV",
    "Dolomiti Tecnica SpA",
    "Sierra Botas SL",
    "Tatra Down Sp. z o.o.",
    "Cascade Metalworks Inc",
    "Rhein Kunststoff KG",
    "Baltic Rope Oy",
    "Harbour & Sons Ltd",
];
