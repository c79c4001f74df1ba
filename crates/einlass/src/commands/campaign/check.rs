//! `einlass campaign check`.

use campaign_file::CampaignFile;

/// Says what a file without mistakes says.
pub fn print_summary(file: &CampaignFile) {
    println!("{}: {}", file.id, file.title_en);
    println!(
        "{} sites, {} slots, {} places of {} in {} tranches, {} waitlist places",
        file.sites.len(),
        file.slots.len(),
        file.places(),
        file.capacity(),
        file.tranches.len(),
        file.waitlist.as_ref().map_or(0, |waitlist| waitlist.places),
    );
    for (number, tranche) in (1..).zip(&file.tranches) {
        println!(
            "tranche {number}: {} places at {} (arrivals gather from {})",
            tranche.places, tranche.opens_at, tranche.gathers_from
        );
    }
    let closed = file.slots.iter().filter(|slot| slot.closed).count();
    if closed > 0 {
        println!("{closed} slots are closed");
    }
    if let Some(guard) = &file.guard {
        println!("the room guards {}", guard.protects.join(", "));
    }
    if file.residence.rows().is_empty() {
        println!("people are not asked where they live; everything is in order");
        return;
    }
    let eligible = file.residence.rows().iter().filter(|row| row.eligible).count();
    println!(
        "{eligible} of {} listed municipalities may book; everything is in order",
        file.residence.rows().len()
    );
}
