//! The many ways to write one name, and names that are not the same: what both services are held to by
//! their tests. Whoever finds another way puts it here.

/// The person all of [`SAME`] are, given name and family name.
pub const PERSON: (&str, &str) = ("José Zoë", "van der Müller-Weiß");

/// Each is [`PERSON`], or is refused as no name (P4, P17).
pub const SAME: &[(&str, &str)] = &[
    // Upper and lower case.
    ("JOSÉ ZOË", "VAN DER MÜLLER-WEISS"),
    ("josé zoë", "van der müller-weiß"),
    ("José Zoë", "Van Der MÜLLER-WEIẞ"),
    ("jOSÉ zOË", "vAN dER mÜLLER-wEISS"),
    // One letter in several forms of Unicode.
    ("Jose\u{301} Zoe\u{308}", "van der Mu\u{308}ller-Weiß"),
    ("Ｊｏｓé Ｚｏë", "van der Müller-Weiß"),
    ("𝐉𝐨𝐬é Zoë", "van der Müller-Weiß"),
    ("Ⓙosé Zoë", "van der Müller-Weiß"),
    ("Joſé Zoë", "van der Müller-Weiſſ"),
    ("Jo\u{34f}sé Zoe\u{34f}\u{308}", "van der Müller-Weiß"),
    // Accents, umlauts and ß written otherwise or left out.
    ("Jose Zoe", "van der Mueller-Weiss"),
    ("Jose Zoe", "van der Muller-Weiss"),
    ("Jose Zoë", "van der Müller-Weiß"),
    ("Josè Zoê", "van der Müller-Weiß"),
    ("José Zoë", "van der Mueller-Weiß"),
    ("José Zoë", "van der Müller-Weiss"),
    ("Josê\u{323} Zöë", "vän dér Mûller-Wéíß"),
    ("Jøsé Zoë", "van der Müłler-Weiß"),
    // Spaces, hyphens, apostrophes and other signs.
    ("JoséZoë", "vanderMüllerWeiß"),
    ("José-Zoë", "van-der-Müller Weiß"),
    ("  José \t Zoë ", " van  der Müller - Weiß"),
    ("José\u{a0}Zoë", "van\u{2009}der\u{3000}Müller\u{2011}Weiß"),
    ("José Zoë", "Vandermüller\u{2010}Weiß"),
    ("José Zoë", "van der Müller\u{2013}Weiß"),
    ("José Zoë", "van der Müller/Weiß"),
    ("José Zoë", "van der Müller'Weiß"),
    ("José Zoë", "van der Müller\u{2019}Weiß"),
    ("José Zoë", "van der Müller\u{2bc}Weiß"),
    ("José Zoë", "van der Müller\u{2bb}Weiß"),
    ("José Zoë", "van der Müller\u{b4}Weiß"),
    ("José, Zoë", "(van der) Müller_Weiß"),
    // Dots, digits and the like at the end.
    ("José Zoë.", "van der Müller-Weiß"),
    ("José Zoë", "van der Müller-Weiß."),
    ("José Zoë", "van der Müller-Weiß 2"),
    ("José Zoë1", "van der Müller-Weiß"),
    ("José Zoë", "van der Müller-Weiß\u{661}"),
    ("José Zoë", "van der Müller-Weiß²"),
    ("José Zoë!", "van der Müller-Weiß?"),
    ("José Zoë", "van der Müller-Weiß 😀"),
    // What cannot be seen.
    ("Jo\u{ad}sé Zoë", "van der Mül\u{ad}ler-Weiß"),
    ("\u{feff}José Zoë", "van der Müller-Weiß"),
    ("José\u{200b} Zoë", "van der Mül\u{200b}ler-Weiß"),
    ("Jos\u{200c}é Zoë", "van der Müller\u{200d}-Weiß"),
    ("\u{200e}José Zoë", "van der Müller-Weiß\u{200f}"),
    ("\u{202a}José Zoë\u{202c}", "\u{2066}van der Müller-Weiß\u{2069}"),
    ("\u{61c}José Zoë", "van der Müller-Weiß"),
    ("José\u{2060} Zoë", "van der Müller\u{2064}-Weiß"),
    ("José Zoë\u{e0041}", "van der Müller-Weiß\u{e007f}"),
    ("José Zoë\u{fe0f}", "van der Müller-Weiß\u{e0100}"),
    ("José\u{3164} Zoë", "van der Müller-Weiß\u{ffa0}"),
    ("José\u{115f} Zoë", "van der Müller-Weiß\u{180e}"),
    ("José Zoë", "van der Müller-Weiß\u{2800}"),
    // Letters of other alphabets that look the same.
    ("Jоsé Zoë", "van der Müller-Weiß"),
    ("José Zοë", "van der Müller-Weiß"),
    ("Јосé Zoë", "van der Müller-Weiß"),
    ("José Zoë", "vаn dеr Müllеr-Wеiß"),
    ("José Zoë", "vɑn der Müller-Weiß"),
    ("ᴊosé Zoë", "van der Müller-Weiß"),
    ("José Zoë", "van der Müller-Weiβ"),
    // The names exchanged, or cut elsewhere.
    ("van der Müller-Weiß", "José Zoë"),
    ("José", "Zoë van der Müller-Weiß"),
    ("José Zoë van der", "Müller-Weiß"),
    ("van der", "Müller-Weiß José Zoë"),
    // Titles.
    ("Dr. José Zoë", "van der Müller-Weiß"),
    ("Prof. Dr. José Zoë", "van der Müller-Weiß"),
    ("José Zoë", "Dr. med. van der Müller-Weiß"),
    ("Dr. rer. nat. José Zoë", "van der Müller-Weiß"),
    ("José Zoë", "van der Müller-Weiß, Prof. Dr. h. c."),
    ("Professor José Zoë", "van der Müller-Weiß"),
    ("Dr.-Ing. José Zoë", "van der Müller-Weiß"),
];

/// None of them is [`PERSON`].
pub const OTHERS: &[(&str, &str)] = &[
    ("Josefa Zoë", "van der Müller-Weiß"),
    ("José", "van der Müller-Weiß"),
    ("José Zoë", "Müller-Weiß"),
    ("José Zoë", "van der Möller-Weiß"),
    ("José Zoë", "van der Müller-Weis"),
    ("José Zoé Anna", "van der Müller-Weiß"),
];
