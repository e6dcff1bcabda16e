"""Names of people around the world, with what goes with them: countries, phones, and the language they write in."""

# ruff: noqa: E501  (lists of words)
# fmt: off

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Culture:
    """`native` names pair a spelling in another script with the Latin one, as `花子=Hanako`.

    `phones` are patterns in which every # is a digit; without spaces they are E.164.
    """

    weight: int
    language: str
    countries: tuple[str, ...]
    phones: tuple[str, ...]
    given: tuple[str, ...]
    family: tuple[str, ...]
    native: tuple[tuple[str, ...], tuple[str, ...]] | None = None
    family_first: bool = False


def _words(text: str) -> tuple[str, ...]:
    return tuple(word.replace("_", " ") for word in text.split())


ENGLISH = Culture(
    24, "en", ("United States", "United Kingdom", "Canada", "Ireland", "Australia", "New Zealand"),
    ("+1 415 555 ####", "+1 212 555 ####", "+1 312 555 ####", "+1 617 555 ####", "+1 206 555 ####", "+1 512 555 ####",
     "+1 416 555 ####", "+1 303 555 ####", "+1 404 555 ####", "+44 7700 9#####", "+44 7911 1#####", "+61 491 57# ###"),
    _words("""Olivia Grace Amelia Charlotte Harriet Megan Hannah Rachel Emily Abigail Natalie Claire Fiona Siobhán Aoife Zoë
        Chloë Renée James Oliver Samuel Patrick Marcus Daniel Thomas Henry Callum Declan Ethan Noah Caleb Gareth Rhys
        Malcolm Stuart Nathan Adrian Ruth Joanna Miriam Tess Imogen Beatrice Eleanor"""),
    _words("""Whitcombe O’Rourke Harper Bennett Sinclair Ashworth Fletcher Gallagher Pritchard Hughes Marlowe Carver Donnelly
        Fairbanks Hollister Kendrick Lockhart Mercer Norwood Ó_Briain Penhaligon Quigley Radcliffe Sutherland Thackeray
        Underhill Vaughan Wexford Yardley Brooks Coleman Dawson Ellison Farrow Greenwood Hawthorne Jefferson Langley
        MacAllister Nicholls Osborne Palmer-Reed Rutherford Stapleton Tennant"""),
)
HISPANIC = Culture(
    9, "es", ("Spain", "Mexico", "Argentina", "Colombia", "Chile", "Peru"),
    ("+34 600 ### ###", "+34 611 ### ###", "+52 55 #### ####", "+57 300 ### ####", "+54 9 11 #### ####", "+56 9 #### ####"),
    _words("""Lucía Sofía Valentina Camila Martina Ximena Inés Carmen Pilar Rocío Beatriz Noelia Daniela Ana Mateo Santiago
        Andrés Joaquín Álvaro Íñigo Diego Emilio Rafael Tomás Javier Nicolás Gonzalo María_José Juan_Pablo José_Luis"""),
    _words("""Fernández Castellanos Ruiz Íñiguez Núñez Muñoz Zúñiga Herrera Salazar Cárdenas Quintero Villanueva Ibáñez Aguirre
        Domínguez Escobar Figueroa Guzmán Lozano Montoya Navarro Ortega Paredes Rivas Sepúlveda Trujillo Urrutia Valdés
        García_Márquez de_la_Fuente"""),
)
LUSOPHONE = Culture(
    5, "pt", ("Brazil", "Portugal"), ("+55 11 9#### ####", "+55 21 9#### ####", "+351 91# ### ###"),
    _words("""Beatriz Mariana Letícia Larissa Isabela Fernanda Luana Inês Conceição Joana João Tiago Rafael Gonçalo Thiago
        Caio Vinícius Otávio Henrique Matheus Luís Simão"""),
    _words("""Carvalho Teixeira Magalhães Gonçalves Araújo Brandão Figueiredo Nascimento Assunção Queiroz Rezende Sampaio
        Tavares Vasconcelos Moura Azevedo Barbosa Cardoso Drummond Falcão dos_Santos da_Conceição"""),
)
FRENCH = Culture(
    6, "fr", ("France", "Belgium", "Switzerland", "Canada"), ("+33 6 39 98 ## ##", "+33 7 56 ## ## ##", "+32 470 ## ## ##"),
    _words("""Élodie Amélie Chloé Maëlle Océane Noémie Anaïs Hélène Margaux Solène Clémence Étienne François Jérôme Théo Loïc
        Gaël Benoît Rémi Baptiste Aurélien Jean-Marc Cédric Zoé"""),
    _words("""Marchand Lefèvre Béranger Desrosiers Fournier Garnier Lacroix Lemaître Moreau Pelletier Rousseau Thibault Vasseur
        Boucher Chevalier Delacroix Fontaine Girard Hébert Joubert Laurent Noël de_Villiers D’Aubigné"""),
)
GERMAN = Culture(
    7, "de", ("Germany", "Austria", "Switzerland"), ("+49 151 ########", "+49 1575 #######", "+43 664 #######", "+41 79 ### ## ##"),
    _words("""Annika Katharina Jürgen Björn Käthe Sabine Ulrike Greta Liesel Frieda Mareike Heike Jonas Felix Matthias Günther
        Lukas Florian Sebastian Moritz Tobias Wolfgang Anselm Frederike"""),
    _words("""Brandt Müller Schröder Jäger Köhler Weiß Großmann Bäcker Fürstenberg Hoffmann Lindner Neumann Pfeiffer Reinhardt
        Schäfer Steinbach Vogel Winkler Zimmermann Ackermann Böhm Dietrich von_Stetten Eichinger"""),
)
NORDIC = Culture(
    6, "sv", ("Sweden", "Norway", "Denmark", "Finland", "Iceland"),
    ("+46 70 ### ## ##", "+47 9## ## ###", "+45 2# ## ## ##", "+358 40 ### ####", "+354 8## ####"),
    _words("""Sofia Ingrid Astrid Freja Saga Linnéa Maja Þóra Aino Sólveig Kirsten Åsa Jonas Søren Bjørn Håkon Øystein Lars Nils
        Gustav Åke Jukka Väinö Magnús"""),
    _words("""Bergqvist Halvorsen Lindqvist Sørensen Ødegård Åkesson Nyström Kjær Mäkinen Virtanen Sigurðardóttir Þorsteinsson
        Björklund Dahlström Engström Fagerholm Hägglund Kristoffersen Løvland Nordahl Rasmussen Strøm Sjöberg Hämäläinen"""),
)
POLISH = Culture(
    5, "pl", ("Poland", "Czechia", "Slovakia"), ("+48 60# ### ###", "+48 72# ### ###", "+420 60# ### ###"),
    _words("""Agnieszka Małgorzata Zofia Kinga Łucja Weronika Bożena Eliška Tereza Tomasz Łukasz Paweł Michał Grzegorz
        Wojciech Zbigniew Bartosz Ondřej Jiří Václav"""),
    _words("""Wieczorek Kowalczyk Wiśniewska Dąbrowski Zieliński Szymańska Woźniak Jabłoński Łuczak Gąsiorowski Brzęczek Ćwikła
        Śliwa Żurawski Dvořák Novotná Procházka Říha Havlíček Kučera"""),
)
BALKAN = Culture(
    4, "hr", ("Croatia", "Serbia", "Slovenia", "Bosnia and Herzegovina"), ("+385 91 ### ####", "+381 64 ### ####", "+386 40 ### ###"),
    _words("""Ana Ivana Mirjana Jelena Snežana Nađa Katja Dunja Marko Luka Đorđe Dražen Goran Željko Nikola Tadej Božidar
        Vuk"""),
    _words("""Kovač Horvat Babić Jovanović Đurić Petrović Šimić Vuković Marković Žagar Krpan Župančič Milošević Bogdanović
        Tomašević Perić Čolić Hadžić"""),
)
UKRAINIAN = Culture(
    4, "uk", ("Ukraine", "Bulgaria"), ("+380 67 ### ####", "+380 50 ### ####", "+359 88 ### ####"),
    _words("Oksana Iryna Olena Kateryna Nadia Yulia Larysa Dmytro Andriy Taras Bohdan Ihor Mykola Yaroslav Vasyl Oleh"),
    _words("""Shevchuk Kovalenko Bondarenko Tkachenko Melnyk Hrytsenko Lysenko Marchenko Savchuk Rudenko Zadorozhny Polishchuk
        Kravets Moroz Stetsenko Voloshyn"""),
    native=(
        _words("Оксана=Oksana Ірина=Iryna Олена=Olena Катерина=Kateryna Дмитро=Dmytro Андрій=Andriy Тарас=Taras Богдан=Bohdan"),
        _words("Шевчук=Shevchuk Коваленко=Kovalenko Бондаренко=Bondarenko Мельник=Melnyk Лисенко=Lysenko Мороз=Moroz"),
    ),
)
ITALIAN = Culture(
    4, "it", ("Italy", "Switzerland"), ("+39 333 ### ####", "+39 347 ### ####"),
    _words("""Giulia Chiara Francesca Alessia Ludovica Martina Caterina Elisa Marco Lorenzo Matteo Niccolò Davide Giacomo
        Stefano Tommaso Luca Piergiorgio"""),
    _words("""Bianchi Esposito Ricci Moretti Gallo Conti Lombardi Fontana Caruso Ferrara Marchetti Pellegrini Rinaldi Santoro
        Vitale D’Angelo De_Luca Benedetti"""),
)
DUTCH = Culture(
    4, "nl", ("Netherlands", "Belgium"), ("+31 6 ########", "+32 47# ## ## ##"),
    _words("""Sanne Lotte Fleur Femke Anouk Marieke Hanneke Noor Daan Sem Bram Thijs Jeroen Pieter Maarten Ruben Joost
        Willem"""),
    _words("""van_Dam de_Vries Bakker van_den_Berg Visser Smit Meijer de_Groot Mulder Dekker Brouwer van_Leeuwen Kuipers
        Hoekstra Postma van_’t_Hof IJsbrandij Schouten"""),
)
TURKISH = Culture(
    4, "tr", ("Türkiye",), ("+90 532 ### ## ##", "+90 555 ### ## ##"),
    _words("Elif Zeynep Ayşe Gülşen Özlem Şebnem İpek Çiğdem Emre Mehmet Yiğit Çağlar Oğuz Kerem Barış Uğur Ömer Işıl"),
    _words("""Yılmaz Kaya Demir Şahin Çelik Öztürk Aydın Özdemir Arslan Doğan Kılıç Güneş Koç Erdoğdu Karaca Tekin Ünal
        Işık"""),
)
ARABIC = Culture(
    6, "ar", ("United Arab Emirates", "Egypt", "Saudi Arabia", "Jordan", "Morocco", "Lebanon"),
    ("+971 50 ### ####", "+20 100 ### ####", "+966 50 ### ####", "+962 79 ### ####", "+212 6 61 ## ## ##", "+961 3 ### ###"),
    _words("""Noor Layla Amira Yasmin Salma Huda Rania Dalia Omar Khalid Youssef Tariq Hassan Ibrahim Karim Faisal Ziad
        Mahmoud"""),
    _words("""Al-Sayed Haddad Nasser Khoury Mansour El-Amin Bakri Farouk Hamdan Al-Rashid Qasim Saleh Abdullah Zaki Tazi
        Benali Shahin Darwish"""),
    native=(
        _words("نور=Noor ليلى=Layla أميرة=Amira ياسمين=Yasmin سلمى=Salma عمر=Omar خالد=Khalid يوسف=Youssef طارق=Tariq كريم=Karim"),
        _words("السيد=Al-Sayed حداد=Haddad ناصر=Nasser خوري=Khoury منصور=Mansour الأمين=El-Amin حمدان=Hamdan صالح=Saleh درويش=Darwish"),
    ),
)
HEBREW = Culture(
    3, "he", ("Israel",), ("+972 52 ### ####", "+972 54 ### ####"),
    _words("Noa Tamar Yael Shira Maya Avigail Eitan Yonatan Itai Omer Ariel Gilad Nadav Ronit Liora Amit"),
    _words("Levi Mizrahi Peretz Biton Dahan Avraham Friedman Malka Azulay Katz Gabay Ohana Shapira Ben-David Har-Even Segal"),
    native=(
        _words("נועה=Noa תמר=Tamar יעל=Yael שירה=Shira איתן=Eitan יונתן=Yonatan איתי=Itai גלעד=Gilad"),
        _words("לוי=Levi מזרחי=Mizrahi פרץ=Peretz ביטון=Biton דהן=Dahan כץ=Katz שפירא=Shapira סגל=Segal"),
    ),
)
INDIAN = Culture(
    9, "en", ("India", "Sri Lanka", "Singapore", "United Kingdom"), ("+91 98### #####", "+91 90### #####", "+94 77 ### ####"),
    _words("""Priya Ananya Kavya Meera Lakshmi Divya Nandini Ishita Aishwarya Sunita Rohini Arjun Ravi Vikram Rohan Karthik
        Siddharth Aditya Rajesh Harish Manoj Nikhil Devika Tharindu Gurpreet Farhan"""),
    _words("""Raman Subramaniam Bhatt Iyer Krishnan Chatterjee Mukherjee Banerjee Deshpande Kulkarni Nair Menon Reddy Sharma
        Kapoor Malhotra Joshi Patel Venkataraman Singh Fernando Perera Qureshi Bhattacharya Gill Choudhury"""),
)
CHINESE = Culture(
    6, "zh", ("China", "Taiwan", "Singapore", "Malaysia", "Hong Kong"), ("+65 8### ####", "+886 912 ### ###", "+852 9### ####", "+60 12 ### ####"),
    _words("""Wei-Ling Mei Xiaoyan Jing Yan Hui-Min Li-Na Shu-Fen Jia Xin Wei Jun Hao Zhiming Kai Chen-Wei Tao Yong Bo
        Guanyu"""),
    _words("Tan Chen Wang Zhang Li Liu Yang Huang Zhao Wu Zhou Xu Sun Ma Zhu Hu Lin Guo Lim Ng"),
    native=(
        _words("小燕=Xiaoyan 静=Jing 燕=Yan 慧敏=Huimin 丽娜=Lina 佳=Jia 伟=Wei 军=Jun 浩=Hao 志明=Zhiming 涛=Tao 勇=Yong"),
        _words("陈=Chen 王=Wang 张=Zhang 李=Li 刘=Liu 杨=Yang 黄=Huang 赵=Zhao 吴=Wu 周=Zhou"),
    ),
    family_first=True,
)
JAPANESE = Culture(
    5, "ja", ("Japan",), ("+81 90 #### ####", "+81 80 #### ####"),
    _words("""Hana Yui Sakura Aoi Haruka Ayumi Naoko Keiko Misaki Emi Kenji Takumi Haruto Daisuke Ryo Yusuke Shinji Satoshi Ren
        Kaito"""),
    _words("""Yoshida Sato Suzuki Takahashi Tanaka Watanabe Ito Yamamoto Nakamura Kobayashi Kato Matsumoto Inoue Kimura Hayashi
        Shimizu Mori Ogawa Fujita Ōtani"""),
    native=(
        _words("花子=Hanako 結衣=Yui さくら=Sakura 葵=Aoi 遥=Haruka 健二=Kenji 匠=Takumi 大輔=Daisuke 涼=Ryo 智=Satoshi"),
        _words("吉田=Yoshida 佐藤=Sato 鈴木=Suzuki 高橋=Takahashi 田中=Tanaka 渡辺=Watanabe 山本=Yamamoto 中村=Nakamura 小林=Kobayashi"),
    ),
    family_first=True,
)
KOREAN = Culture(
    4, "ko", ("South Korea",), ("+82 10 #### ####",),
    _words("Ji-woo Seo-yeon Min-ji Ha-eun Soo-jin Eun-ji Yuna Min-jun Seo-jun Do-yun Ji-ho Hyun-woo Tae-yang Jae-won"),
    _words("Kim Lee Park Choi Jung Kang Cho Yoon Jang Lim Han Shin Seo Kwon"),
    native=(
        _words("지우=Jiwoo 서연=Seoyeon 민지=Minji 하은=Haeun 민준=Minjun 서준=Seojun 도윤=Doyun 현우=Hyunwoo"),
        _words("김=Kim 이=Lee 박=Park 최=Choi 정=Jung 강=Kang 조=Cho 윤=Yoon"),
    ),
    family_first=True,
)
VIETNAMESE = Culture(
    3, "en", ("Vietnam",), ("+84 90 ### ## ##", "+84 91 ### ## ##"),
    _words("Hương Lan Linh Mai Thảo Ngọc Trang Yến Minh Dũng Hùng Quân Tuấn Đức Phong Khánh"),
    _words("Nguyễn Trần Lê Phạm Hoàng Huỳnh Phan Vũ Võ Đặng Bùi Đỗ Hồ Ngô"),
)
AFRICAN = Culture(
    9, "en", ("Nigeria", "Ghana", "Kenya", "South Africa", "Ethiopia", "Tanzania"),
    ("+234 803 ### ####", "+233 24 ### ####", "+254 712 ### ###", "+27 82 ### ####", "+251 91 ### ####", "+255 754 ### ###"),
    _words("""Ngozi Adaeze Folasade Chiamaka Ama Akosua Wanjiru Grace Zanele Thandiwe Selam Makeda Amina Chukwuemeka Samuel
        Kofi Kwame Oluwaseun Babajide Kamau Otieno Thabo Sipho Dawit Juma Emeka"""),
    _words("""Adeyemi Okonkwo Mensah Mwangi Okafor Eze Balogun Asante Boateng Owusu Kariuki Odhiambo Nyambura Nkosi Dlamini
        Mokoena van_der_Merwe Tesfaye Bekele Abiodun Achebe Nwosu Quartey Wambui Mrisho Ọlátúnjí"""),
)
GREEK = Culture(
    2, "en", ("Greece", "Cyprus"), ("+30 694 ### ####", "+357 99 ### ###"),
    _words("Eleni Katerina Ioanna Despina Sofia Dimitris Giorgos Nikos Yannis Stavros Thanasis Petros"),
    _words("Papadopoulos Nikolaidis Georgiou Vasilakis Karagiannis Markopoulos Antoniou Christodoulou Zervas Kontos"),
    native=(
        _words("Ελένη=Eleni Κατερίνα=Katerina Ιωάννα=Ioanna Δημήτρης=Dimitris Γιώργος=Giorgos Νίκος=Nikos"),
        _words("Παπαδόπουλος=Papadopoulos Νικολαΐδης=Nikolaidis Γεωργίου=Georgiou Κόντος=Kontos"),
    ),
)
PACIFIC = Culture(
    2, "en", ("New Zealand", "Philippines", "Indonesia", "United States"), ("+64 21 ### ####", "+63 917 ### ####", "+62 812 #### ####", "+1 808 555 ####"),
    _words("Leilani Aroha Kailani Mahina Ngaio Dewi Putri Siti Maricel Keanu Tane Wiremu Rangi Bayu Agus Rodrigo"),
    _words("Kahale Kealoha Ngata Tūhoe Parata Wijaya Santoso Kusuma Hartono Dela_Cruz Bautista Macaraeg Tāwhai Nakoa"),
)

CULTURES = (
    ENGLISH, HISPANIC, LUSOPHONE, FRENCH, GERMAN, NORDIC, POLISH, BALKAN, UKRAINIAN, ITALIAN, DUTCH, TURKISH, ARABIC, HEBREW,
    INDIAN, CHINESE, JAPANESE, KOREAN, VIETNAMESE, AFRICAN, GREEK, PACIFIC,
)
